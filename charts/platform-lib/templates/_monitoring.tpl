{{- define "platform-lib.monitor" -}}
{{- if .root.Capabilities.APIVersions.Has "monitoring.coreos.com/v1" }}
---
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
{{ include "platform-lib.monitoring-metadata" . }}
spec:
  selector:
    matchLabels:
      {{- include "platform-lib.selector" . | nindent 6 }}
  endpoints:
    {{- range .facts.metrics | default (list "metrics") }}
    - port: {{ . }}
      interval: 15s
    {{- end }}
{{- end }}
{{- end }}

{{/* Alerts of a workload, for the kind of component that it is. */}}
{{- define "platform-lib.rules" -}}
{{- if .root.Capabilities.APIVersions.Has "monitoring.coreos.com/v1" }}
---
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
{{ include "platform-lib.monitoring-metadata" . }}
spec:
  groups:
    - name: {{ .name }}
      rules:
        {{- include "platform-lib.alert-down" . | nindent 8 }}
        {{- include (printf "platform-lib.alerts-%s" .component) . | nindent 8 }}
{{- end }}
{{- end }}

{{- define "platform-lib.monitoring-metadata" -}}
{{ include "platform-lib.metadata" . }}
  {{- with .root.Values.global.monitoring.labels }}
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
