{{/* Labels of every object of a workload. Takes {root, service, component}. */}}
{{- define "platform-lib.labels" -}}
{{ include "platform-lib.pod-labels" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end }}

{{/* Of its pods: nothing that a new version of the chart changes, or every upgrade would restart broker and database. */}}
{{- define "platform-lib.pod-labels" -}}
{{ include "platform-lib.selector" . }}
app.kubernetes.io/part-of: skald
{{- end }}

{{/* What picks a workload's pods, in selectors and policies. */}}
{{- define "platform-lib.selector" -}}
app.kubernetes.io/name: {{ .service }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{/* metadata of an object of a workload. Lines after it, indented by two, add to it. */}}
{{- define "platform-lib.metadata" -}}
metadata:
  name: {{ .name }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "platform-lib.labels" . | nindent 4 }}
{{- end }}

{{/* Takes {root, image, tag}: tag is for an image without a tag of its own. */}}
{{- define "platform-lib.image" -}}
{{- $registry := .root.Values.global.image.registry -}}
{{- if $registry }}{{ trimSuffix "/" $registry }}/{{ end -}}
{{- .image.repository -}}
{{- if .image.digest }}@{{ .image.digest }}{{ else }}:{{ .image.tag | default .tag }}{{ end -}}
{{- end }}

{{/* The tag of the platform's own images. */}}
{{- define "platform-lib.own-tag" -}}
{{- .Values.global.image.tag | default .Chart.AppVersion -}}
{{- end }}

{{/* Where the broker listens. */}}
{{- define "platform-lib.rabbitmq-port" -}}
{{- with .Values.global.rabbitmq }}{{ .port | default (ternary 5671 5672 .tls) | int }}{{ end -}}
{{- end }}

{{/* A quantity of Kubernetes in bytes, for programs that do not know its units. */}}
{{- define "platform-lib.bytes" -}}
{{- $units := dict "" 1 "m" 0.001 "k" 1000 "M" 1000000 "G" 1000000000 "T" 1000000000000
      "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "Ti" 1099511627776 -}}
{{- $text := toString . -}}
{{- $unit := regexFind "[A-Za-z]+$" $text -}}
{{- mulf (trimSuffix $unit $text | float64) (get $units $unit) | int64 -}}
{{- end }}

{{/* The address by which users reach the gateway. */}}
{{- define "platform-lib.public-url" -}}
{{- .Values.global.publicUrl | default (printf "http://gateway.%s.svc" .Release.Namespace) -}}
{{- end }}
