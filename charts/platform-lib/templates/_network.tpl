{{- define "platform-lib.container-ports" -}}
{{- range .facts.serves }}
- {name: {{ . }}, containerPort: {{ include "platform-lib.port" . }}}
{{- end }}
- {name: metrics, containerPort: 9090}
{{- end }}

{{- define "platform-lib.port" -}}
{{- get (dict "http" "8080" "grpc" "50051") . -}}
{{- end }}

{{/* Headless: whoever calls sees every pod, and can leave out a sick one. */}}
{{- define "platform-lib.endpoints" -}}
---
apiVersion: v1
kind: Service
{{ include "platform-lib.metadata" . }}
spec:
  clusterIP: None
  selector:
    {{- include "platform-lib.selector" . | nindent 4 }}
  ports:
    {{- range .facts.serves }}
    - {name: {{ . }}, port: {{ include "platform-lib.port" . }}, targetPort: {{ . }}}
    {{- end }}
    - {name: metrics, port: 9090, targetPort: metrics}
{{- end }}

{{/*
A workload takes calls from pods that are labelled as its clients, and those may call it; nobody else, nothing else.
What several workloads reach (DNS, API server, monitoring) is in the chart namespace-policy.
*/}}
{{- define "platform-lib.network-policy" -}}
{{- $ports := list -}}
{{- range .facts.serves }}{{ $ports = append $ports (include "platform-lib.port" . | int) }}{{ end -}}
{{- include "platform-lib.policies" (merge (dict "ports" $ports) .) }}
{{- end }}

{{/* Takes a workload and `ports`, the numbers of those that its clients reach. */}}
{{- define "platform-lib.policies" -}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
{{ include "platform-lib.metadata" . }}
spec:
  podSelector:
    matchLabels:
      {{- include "platform-lib.selector" . | nindent 6 }}
  policyTypes: [Ingress, Egress]
  {{- if .ports }}
  ingress:
    - from:
        - podSelector:
            matchLabels:
              skald.dev/client-of-{{ .name }}: "true"
      ports:
        {{- include "platform-lib.policy-ports" . | nindent 8 }}
  {{- end }}
  {{- with .settings.egress }}
  egress:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- if .ports }}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
{{ include "platform-lib.metadata" (merge (dict "name" (printf "client-of-%s" .name)) .) }}
spec:
  podSelector:
    matchLabels:
      skald.dev/client-of-{{ .name }}: "true"
  policyTypes: [Egress]
  egress:
    - to:
        - podSelector:
            matchLabels:
              {{- include "platform-lib.selector" . | nindent 14 }}
      ports:
        {{- include "platform-lib.policy-ports" . | nindent 8 }}
{{- end }}
{{- end }}

{{- define "platform-lib.policy-ports" -}}
{{- range .ports }}
- {protocol: TCP, port: {{ . }}}
{{- end }}
{{- end }}
