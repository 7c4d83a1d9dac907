{{/* Where a user's credential for broker or database lies: {name, key, passwordKey}. Takes {root, server, user}. */}}
{{- define "platform-lib.credential" -}}
{{- $existing := index .root.Values.global .server "existingSecrets" .user | default dict -}}
name: {{ $existing.name | default (printf "%s-%s" .user .server) }}
key: {{ $existing.key | default "uri" }}
passwordKey: {{ $existing.passwordKey | default "password" }}
{{- end }}

{{- define "platform-lib.demo-secret" -}}
{{- .Values.global.demo.existingSecret | default "demo-clients" -}}
{{- end }}

{{/*
A Secret that the chart makes, with one random password that stays as it is in every later release.
Takes {root, name, service, key, uri, setting}: `uri` is a format with a place for the password, or absent; `setting` is the
value by which a Secret of one's own is named instead.

To know whether it has one, the chart must see the cluster, and `helm template` and GitOps tools do not. A preview
(`helm template .` and `helm lint`, which name the release for you) leaves such Secrets out; anything else would change
a password at every turn, so it fails.
*/}}
{{- define "platform-lib.generated-secret" -}}
{{- $namespace := .root.Release.Namespace -}}
{{- if lookup "v1" "Namespace" "" $namespace }}
{{- $found := (lookup "v1" "Secret" $namespace .name).data | default dict -}}
{{- $password := get $found .key | b64dec | default (randAlphaNum 32) }}
---
apiVersion: v1
kind: Secret
metadata:
  name: {{ .name }}
  namespace: {{ $namespace }}
  labels:
    {{- include "platform-lib.labels" (merge (dict "component" "credentials") .) | nindent 4 }}
  annotations:
    # the data that it opens stay after an uninstall, too
    helm.sh/resource-policy: keep
type: Opaque
stringData:
  {{ .key }}: {{ $password | quote }}
  {{- with .uri }}
  uri: {{ printf . $password | quote }}
  {{- end }}
{{- else if not (has .root.Release.Name (list "release-name" "test-release")) }}
{{- fail (printf "\n\nThe Secret %q cannot be made here, because this render does not see the namespace %q of a cluster: it may be `helm template` or a GitOps tool, or the namespace is missing.\nMake the Secret yourself and name it in %s, or make the namespace first (kubectl apply -f manifests/namespace.yaml).\n" .name $namespace .setting) }}
{{- end }}
{{- end }}
