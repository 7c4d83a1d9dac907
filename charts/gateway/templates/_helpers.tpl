{{/* The gateway as the library's templates take a workload: it calls whom its file names as targets. */}}
{{- define "gateway.workload" -}}
{{- $hosts := list -}}
{{- range (.Files.Get "files/kong.yaml" | fromYaml).upstreams -}}
{{-   range .targets }}{{ $hosts = append $hosts (splitList ":" .target | first) }}{{ end -}}
{{- end -}}
service: gateway
component: gateway
name: gateway
facts: {uses: {{ toJson (uniq $hosts) }}, metrics: [metrics, keys-metrics], job: gateway-metrics, up: 'endpoint="metrics"'}
settings:
  {{- include "platform-lib.settings" (list . .Values.workload) | nindent 2 }}
{{- end }}

{{/* Name of the Secret with the certificate; empty without HTTPS. */}}
{{- define "gateway.tls-secret" -}}
{{- if .Values.tls.existingSecret }}{{ .Values.tls.existingSecret }}{{ else if .Values.tls.issuer.name }}gateway-tls{{ end -}}
{{- end }}

{{/* The file as it is, or, with HTTPS, with a redirect for whoever comes by HTTP. */}}
{{- define "gateway.kong" -}}
{{- $text := .Files.Get "files/kong.yaml" -}}
{{- if not (include "gateway.tls-secret" .) -}}
{{ $text }}
{{- else -}}
{{- $kong := fromYaml $text -}}
{{- range $kong.services -}}
{{-   range .routes -}}
{{-     $_ := set . "protocols" (list "https") -}}
{{-     $_ := set . "https_redirect_status_code" 308 -}}
{{-   end -}}
{{- end -}}
{{- toYaml $kong -}}
{{- end -}}
{{- end }}

{{/* Kong loads the plugins that the file uses, and no others. */}}
{{- define "gateway.plugins" -}}
{{- $kong := .Files.Get "files/kong.yaml" | fromYaml -}}
{{- $used := $kong.plugins -}}
{{- range $kong.services -}}
{{-   $used = concat $used (.plugins | default list) -}}
{{-   range .routes }}{{ $used = concat $used (.plugins | default list) }}{{ end -}}
{{- end -}}
{{- $names := list -}}
{{- range $used }}{{ $names = append $names .name }}{{ end -}}
{{- uniq $names | sortAlpha | join "," -}}
{{- end }}
