{{/* The broker as the library's templates take a workload. */}}
{{- define "rabbitmq.workload" -}}
service: rabbitmq
component: broker
name: rabbitmq
facts: {}
ports: [{{ include "platform-lib.rabbitmq-port" . }}]
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
{{- $limits := (include "rabbitmq.workload" . | fromYaml).settings.resources.limits | default dict -}}
definitions.import_backend = local_filesystem
definitions.local.path = /run/rabbitmq/definitions.json
log.console = true
log.console.formatter = json
vm_memory_high_watermark.relative = 0.6
{{- with $limits.memory }}
# of the limit: by itself the broker takes the node's memory for its own
total_memory_available_override_value = {{ include "platform-lib.bytes" . }}
{{- end }}
# a log of the default size, 512 MB, is kept in memory too
raft.wal_max_size_bytes = 64000000
disk_free_limit.absolute = 512MB
management.tcp.port = 15672
prometheus.tcp.port = 15692
# metrics for each queue: there are few
prometheus.return_per_object_metrics = true
{{- if .Values.global.rabbitmq.tls }}
listeners.tcp = none
listeners.ssl.default = {{ include "platform-lib.rabbitmq-port" . }}
ssl_options.certfile = /run/skald/tls/tls.crt
ssl_options.keyfile = /run/skald/tls/tls.key
{{- else }}
listeners.tcp.default = {{ include "platform-lib.rabbitmq-port" . }}
{{- end }}
{{- end }}
