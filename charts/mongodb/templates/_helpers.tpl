{{/* Whom this server is for: everyone, or, as mongodb-SERVICE, one service. */}}
{{- define "mongodb.users" -}}
{{- if eq .Chart.Name "mongodb" -}}
identity,catalog,orders,inventory,payments,test-provider,shipping
{{- else -}}
{{- trimPrefix "mongodb-" .Chart.Name -}}
{{- end -}}
{{- end }}

{{/* The server as the library's templates take a workload. */}}
{{- define "mongodb.workload" -}}
{{- $server := .Values.global.mongodb.server -}}
service: {{ .Chart.Name }}
component: database
name: {{ .Chart.Name }}
facts: {}
ports: [27017]
settings:
  {{- include "platform-lib.settings" (list . (mergeOverwrite (deepCopy $server.workload) (.Values.workload | default dict))) | nindent 2 }}
{{- end }}

{{- define "mongodb.admin-secret" -}}
{{- .Values.global.mongodb.server.existingSecret | default (printf "%s-admin" .Chart.Name) -}}
{{- end }}
