{{/* A role's settings that are no secret: names as in skald.settings. */}}
{{- define "platform-lib.config" -}}
---
apiVersion: v1
kind: ConfigMap
{{ include "platform-lib.metadata" . }}
data:
  {{- range $name, $value := include "platform-lib.environment" . | fromYaml }}
  {{ $name }}: {{ $value | quote }}
  {{- end }}
{{- end }}

{{- define "platform-lib.environment" -}}
{{- $global := .root.Values.global -}}
{{- $uses := .facts.uses | default list -}}
{{- $serves := .facts.serves | default list -}}
SKALD_SERVICE: {{ .service }}
SKALD_NAMESPACE: {{ .root.Release.Namespace }}
SKALD_LOG_LEVEL: {{ $global.logLevel }}
SKALD_METRICS_BIND: 0.0.0.0:9090
{{- if has "http" $serves }}
SKALD_BIND: 0.0.0.0:8080
{{- end }}
{{- if has "grpc" $serves }}
SKALD_GRPC_BIND: 0.0.0.0:50051
{{- end }}
{{- if has "mongodb" $uses }}
SKALD_MONGODB_URI_FILE: /run/skald/secrets/mongodb-uri
SKALD_MONGODB_DATABASE: {{ .service }}
{{- end }}
{{- if has "rabbitmq" $uses }}
SKALD_AMQP_URL_FILE: /run/skald/secrets/amqp-url
{{- end }}
{{- if eq (.facts.checks | default "") "users" }}
SKALD_ISSUER: {{ include "platform-lib.public-url" .root }}
SKALD_JWKS_URL: http://identity-web:8080/.well-known/jwks.json
{{- end }}
{{- if .facts.shows }}
SKALD_TOKENS_DIR: /run/skald/tokens
{{- end }}
{{- if .facts.demoSecret }}
SKALD_DEMO_CLIENT_SECRET_FILE: /run/skald/secrets/demo-client-secret
{{- end }}
{{- with $global.tracing.endpoint }}
OTEL_EXPORTER_OTLP_ENDPOINT: {{ . }}
{{- end }}
{{- if $global.trust.existingSecret }}
SSL_CERT_FILE: /run/skald/trust/ca.crt
{{- end }}
{{- range $name, $value := .facts.env }}
{{ $name }}: {{ tpl (toString $value) $.root | quote }}
{{- end }}
{{- range $name, $value := (.settings | default dict).env }}
{{ $name }}: {{ $value | quote }}
{{- end }}
{{- end }}
