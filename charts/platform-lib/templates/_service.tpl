{{/*
A service, whole. Its chart says in service.yaml what it is made of and whom it talks to; the umbrella's values say how
much of it there is.

A workload, as the other templates take it: {root, service, component, name, facts, settings}. `facts` are the role's
lines of service.yaml:
  name      the workload's name, when it is not SERVICE-ROLE
  command   what to run instead of the image's own program
  args      default: the role's name
  standby   one replica works and the others wait for it to end, so nothing scales them
  serves    http (8080) or grpc (50051); every role has metrics (9090)
  uses      whom it calls: mongodb, rabbitmq, apiserver, or the name of a workload
  checks    whose tokens it checks: users (identity's), services (the API server's)
  shows     audiences of the tokens that it shows to others
  queue     the broker's queue that it empties
  env       its own settings; may hold templates
`seed` has the same lines for the role that makes demo data, and demoSecret where it needs the demo clients' secret.
*/}}
{{- define "platform-lib.service" -}}
{{- $service := .Files.Get "service.yaml" | fromYaml -}}
{{ include "platform-lib.service-account" (dict "root" . "name" .Chart.Name) }}
{{- range $component, $facts := $service.roles }}
{{-   $name := $facts.name | default (printf "%s-%s" $.Chart.Name $component) -}}
{{-   $settings := include "platform-lib.settings" (list $ (index $.Values $component)) | fromYaml -}}
{{-   $workload := dict "root" $ "service" $.Chart.Name "component" $component "name" $name "facts" $facts "settings" $settings -}}
{{-   range list "config" "deployment" "endpoints" "autoscaler" "disruption-budget" "network-policy" "monitor" "rules" }}
{{      include (printf "platform-lib.%s" .) $workload }}
{{-   end }}
{{- end }}
{{- if and $service.seed .Values.global.demo.enabled }}
{{    include "platform-lib.seed" (dict "root" . "service" .Chart.Name "component" "seed" "name" (printf "%s-seed" .Chart.Name) "facts" $service.seed) }}
{{- end }}
{{- include "platform-lib.definitions" . }}
{{- end }}

{{/* What a workload is told by values: global.workload with its own section laid over it. Takes [root, own section]. */}}
{{- define "platform-lib.settings" -}}
{{- $root := first . -}}
{{- mergeOverwrite (deepCopy $root.Values.global.workload) (last . | default dict | deepCopy) | toYaml -}}
{{- end }}

{{/* Whom a workload calls, as a comma-separated list of the names that servers have in client labels. */}}
{{- define "platform-lib.calls" -}}
{{- $calls := list -}}
{{- range .facts.uses -}}
{{-   if and (eq . "mongodb") $.root.Values.global.mongodb.serverPerService -}}
{{-     $calls = append $calls (printf "mongodb-%s" $.service) -}}
{{-   else -}}
{{-     $calls = append $calls . -}}
{{-   end -}}
{{- end -}}
{{- if and (eq (.facts.checks | default "") "users") (ne .service "identity") -}}
{{-   $calls = append $calls "identity-web" -}}
{{- end -}}
{{- if eq (.facts.checks | default "") "services" -}}
{{-   $calls = append $calls "apiserver" -}}
{{- end -}}
{{- if .root.Values.global.tracing.endpoint -}}
{{-   $calls = append $calls "collector" -}}
{{- end -}}
{{- uniq $calls | join "," -}}
{{- end }}
