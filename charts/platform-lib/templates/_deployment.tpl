{{- define "platform-lib.deployment" -}}
---
apiVersion: apps/v1
kind: Deployment
{{ include "platform-lib.metadata" . }}
spec:
  {{- include "platform-lib.rollout" . | nindent 2 }}
  selector:
    matchLabels:
      {{- include "platform-lib.selector" . | nindent 6 }}
  template:
    metadata:
      {{- include "platform-lib.pod-metadata" (merge (dict "config" (include "platform-lib.config" .)) .) | nindent 6 }}
    spec:
      {{- include "platform-lib.pod" . | nindent 6 }}
      {{- include "platform-lib.grace" (list .settings .facts.serves) | nindent 6 }}
      containers:
        - name: {{ .component }}
          {{- include "platform-lib.container" . | nindent 10 }}
          args: {{ toJson (ternary .facts.args (list .component) (hasKey .facts "args")) }}
          ports:
            {{- include "platform-lib.container-ports" . | nindent 12 }}
          {{- include "platform-lib.probes" . | nindent 10 }}
          {{- if .facts.serves }}
          {{- include "platform-lib.lame-duck" .settings | nindent 10 }}
          {{- end }}
          resources:
            {{- toYaml .settings.resources | nindent 12 }}
      volumes:
        {{- include "platform-lib.volumes" . | nindent 8 }}
{{- end }}

{{/* A pod that has to end serves on, for those who have not heard of it yet. Takes the workload's settings. */}}
{{- define "platform-lib.lame-duck" -}}
lifecycle:
  preStop:
    sleep:
      seconds: {{ .lameDuckSeconds }}
{{- end }}

{{/* Then 25 s for what is under way, and 5 s to end itself. Takes [the workload's settings, whether it serves]. */}}
{{- define "platform-lib.grace" -}}
terminationGracePeriodSeconds: {{ add 30 (ternary (first .).lameDuckSeconds 0 (not (empty (last .)))) }}
{{- end }}

{{/* How many there are, and how a new version replaces the old. */}}
{{- define "platform-lib.rollout" -}}
revisionHistoryLimit: 3
{{- if or .facts.standby (not .settings.autoscaling.enabled) }}
replicas: {{ .settings.replicas }}
{{- end }}
strategy:
  type: RollingUpdate
  rollingUpdate:
    maxUnavailable: 0
    maxSurge: 1
{{- end }}

{{/* A container of one of the platform's own images, but for what differs between a role and a seed. */}}
{{- define "platform-lib.container" -}}
image: {{ include "platform-lib.image" (dict "root" .root "image" .root.Values.image "tag" (include "platform-lib.own-tag" .root)) }}
imagePullPolicy: {{ .root.Values.global.image.pullPolicy }}
{{- with .facts.command }}
command: {{ toJson . }}
{{- end }}
envFrom:
  - configMapRef:
      name: {{ .name }}
securityContext:
  {{- include "platform-lib.container-security" . | nindent 2 }}
volumeMounts:
  {{- include "platform-lib.mounts" . | nindent 2 }}
{{- end }}

{{/* Started, ready, alive: the chassis answers on the port that serves HTTP, else beside the metrics. */}}
{{- define "platform-lib.probes" -}}
{{- $port := ternary "http" "metrics" (has "http" (.facts.serves | default list)) -}}
startupProbe:
  httpGet: {path: /livez, port: {{ $port }}}
  periodSeconds: 2
  timeoutSeconds: 3
  # five minutes: in a first install on a small machine all start at once
  failureThreshold: 150
readinessProbe:
  httpGet: {path: /readyz, port: {{ $port }}}
  periodSeconds: 5
  timeoutSeconds: 5
  failureThreshold: 2
livenessProbe:
  httpGet: {path: /livez, port: {{ $port }}}
  periodSeconds: 10
  timeoutSeconds: 5
  # a minute: who is only starved of CPU would get less of it by starting anew
  failureThreshold: 6
{{- end }}
