{{/* The broker as the library's templates take a workload. */}}
{{- define "rabbitmq.workload" -}}
service: rabbitmq
component: broker
name: rabbitmq
facts: {}
ports: [{{ ternary 5671 5672 .Values.global.rabbitmq.tls }}]
settings:
  {{- include "platform-lib.settings" (list . .Values.workload) | nindent 2 }}
{{- end }}

{{- define "rabbitmq.users" -}}
{{- keys (.Files.Get "files/topology.yaml" | fromYaml).users | sortAlpha | join "," -}}
{{- end }}

{{- define "rabbitmq.admin-secret" -}}
{{- .Values.existingSecret | default "rabbitmq-admin" -}}
{{- end }}

{{- define "rabbitmq.config" -}}
definitions.import_backend = local_filesystem
definitions.local.path = /run/rabbitmq/definitions.json
log.console = true
log.console.formatter = json
vm_memory_high_watermark.relative = 0.6
disk_free_limit.absolute = 512MB
management.tcp.port = 15672
prometheus.tcp.port = 15692
# metrics for each queue: there are few
prometheus.return_per_object_metrics = true
{{- if .Values.global.rabbitmq.tls }}
listeners.tcp = none
listeners.ssl.default = 5671
ssl_options.certfile = /run/skald/tls/tls.crt
ssl_options.keyfile = /run/skald/tls/tls.key
{{- else }}
listeners.tcp.default = 5672
{{- end }}
{{- end }}
