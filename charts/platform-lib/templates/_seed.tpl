{{/* Demo data, made after each install and upgrade where they are missing. Helm waits for it. */}}
{{- define "platform-lib.seed" -}}
{{- $metadata := include "platform-lib.metadata" . }}
---
apiVersion: v1
kind: ConfigMap
{{ $metadata }}
data:
  {{- range $name, $value := include "platform-lib.environment" . | fromYaml }}
  {{ $name }}: {{ $value | quote }}
  {{- end }}
---
apiVersion: batch/v1
kind: Job
{{ $metadata }}
  annotations:
    helm.sh/hook: post-install,post-upgrade
    helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
spec:
  backoffLimit: 10
  activeDeadlineSeconds: 600
  template:
    metadata:
      labels:
        {{- include "platform-lib.labels" . | nindent 8 }}
        {{- range compact (splitList "," (include "platform-lib.calls" .)) }}
        skald.dev/client-of-{{ . }}: "true"
        {{- end }}
    spec:
      restartPolicy: OnFailure
      {{- include "platform-lib.pod-identity" . | nindent 6 }}
      containers:
        - name: seed
          {{- include "platform-lib.container" . | nindent 10 }}
          args: [seed]
          resources:
            {{- toYaml .root.Values.global.workload.resources | nindent 12 }}
      volumes:
        {{- include "platform-lib.volumes" . | nindent 8 }}
{{- end }}

{{/*
The saga definitions that a service brings along (its folder definitions/). They are immutable and outlive the release,
and their kind comes with it, so they are made after everything else, once: never replaced, never deleted.
*/}}
{{- define "platform-lib.definitions" -}}
{{- $known := .Capabilities.APIVersions.Has "skald.dev/v1alpha1/SagaDefinition" -}}
{{- range $path, $_ := .Files.Glob "definitions/*.yaml" }}
{{- $text := $.Files.Get $path -}}
{{- $name := (fromYaml $text).metadata.name -}}
{{- if not (and $known (lookup "skald.dev/v1alpha1" "SagaDefinition" $.Release.Namespace $name)) }}
---
{{ include "platform-lib.moved" (dict "text" $text "namespace" $.Release.Namespace) | replace "\nmetadata:\n" "\nmetadata:\n  annotations:\n    helm.sh/hook: post-install,post-upgrade\n    helm.sh/hook-weight: \"-1\"\n    helm.sh/hook-delete-policy: hook-failed\n" }}
{{- end }}
{{- end }}
{{- end }}

{{/* A manifest of this repository, which says `namespace: shop`, as it is in another namespace. */}}
{{- define "platform-lib.moved" -}}
{{- regexReplaceAll "(?m)^( *)namespace: shop$" .text (printf "${1}namespace: %s" .namespace) | trim -}}
{{- end }}
