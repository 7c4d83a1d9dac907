{{- define "platform-lib.mounts" -}}
- {name: tmp, mountPath: /tmp}
{{- if include "platform-lib.secret-sources" . }}
- {name: secrets, mountPath: /run/skald/secrets, readOnly: true}
{{- end }}
{{- if .facts.shows }}
- {name: tokens, mountPath: /run/skald/tokens, readOnly: true}
{{- end }}
{{- if has "apiserver" (splitList "," (include "platform-lib.calls" .)) }}
- {name: kubernetes, mountPath: /var/run/secrets/kubernetes.io/serviceaccount, readOnly: true}
{{- end }}
{{- if .root.Values.global.trust.existingSecret }}
- {name: trust, mountPath: /run/skald/trust, readOnly: true}
{{- end }}
{{- end }}

{{- define "platform-lib.volumes" -}}
- name: tmp
  emptyDir:
    sizeLimit: 64Mi
{{- with include "platform-lib.secret-sources" . }}
- name: secrets
  projected:
    defaultMode: 0440
    sources:
      {{- . | nindent 6 }}
{{- end }}
{{- with .facts.shows }}
# one token for each service that is called; its audience is that service
- name: tokens
  projected:
    defaultMode: 0440
    sources:
      {{- range . }}
      - serviceAccountToken: {audience: {{ . }}, path: {{ . }}, expirationSeconds: 3600}
      {{- end }}
{{- end }}
{{- if has "apiserver" (splitList "," (include "platform-lib.calls" .)) }}
{{ include "platform-lib.kubernetes-volume" . }}
{{- end }}
{{- with .root.Values.global.trust.existingSecret }}
- name: trust
  secret:
    secretName: {{ . }}
    defaultMode: 0440
{{- end }}
{{- end }}

{{/* What Kubernetes mounts into a pod by itself, for those alone who talk to the API server. */}}
{{- define "platform-lib.kubernetes-volume" -}}
- name: kubernetes
  projected:
    defaultMode: 0440
    sources:
      - serviceAccountToken: {path: token, expirationSeconds: 3600}
      - configMap: {name: kube-root-ca.crt, items: [{key: ca.crt, path: ca.crt}]}
{{- end }}

{{/* A workload's own credentials, as sources of a projected volume. */}}
{{- define "platform-lib.secret-sources" -}}
{{- $uses := .facts.uses | default list -}}
{{- if has "mongodb" $uses }}
{{- $own := include "platform-lib.credential" (dict "root" .root "server" "mongodb" "user" .service) | fromYaml }}
- secret: {name: {{ $own.name }}, items: [{key: {{ $own.key }}, path: mongodb-uri}]}
{{- end }}
{{- if has "rabbitmq" $uses }}
{{- $own := include "platform-lib.credential" (dict "root" .root "server" "rabbitmq" "user" .service) | fromYaml }}
- secret: {name: {{ $own.name }}, items: [{key: {{ $own.key }}, path: amqp-url}]}
{{- end }}
{{- if .facts.demoSecret }}
- secret: {name: {{ include "platform-lib.demo-secret" .root }}, items: [{key: client-secret, path: demo-client-secret}]}
{{- end }}
{{- end }}
