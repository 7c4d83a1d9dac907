{{/* Scales by CPU, or by the depth of the worker's queue where that is set. */}}
{{- define "platform-lib.autoscaler" -}}
{{- $scaling := .settings.autoscaling -}}
{{- if and $scaling.enabled (not .facts.standby) }}
{{-   if and .facts.queue $scaling.queueLength }}
{{      include "platform-lib.queue-scaler" . }}
{{-   else }}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
{{ include "platform-lib.metadata" . }}
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: {{ .name }}
  minReplicas: {{ $scaling.minReplicas }}
  maxReplicas: {{ $scaling.maxReplicas }}
  metrics:
    - type: Resource
      resource:
        name: cpu
        target:
          type: Utilization
          averageUtilization: {{ $scaling.cpu }}
  behavior:
    {{- include "platform-lib.scale-down" . | nindent 4 }}
{{-   end }}
{{- end }}
{{- end }}

{{- define "platform-lib.scale-down" -}}
scaleDown:
  stabilizationWindowSeconds: {{ .settings.autoscaling.scaleDownSeconds }}
  policies:
    - type: Percent
      value: 50
      periodSeconds: 15
{{- end }}

{{/* KEDA asks the broker with the worker's own credential, so the broker must be reachable from KEDA's namespace. */}}
{{- define "platform-lib.queue-scaler" -}}
{{- $own := include "platform-lib.credential" (dict "root" .root "server" "rabbitmq" "user" .service) | fromYaml }}
---
apiVersion: keda.sh/v1alpha1
kind: TriggerAuthentication
{{ include "platform-lib.metadata" . }}
spec:
  secretTargetRef:
    - parameter: host
      name: {{ $own.name }}
      key: {{ $own.key }}
---
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
{{ include "platform-lib.metadata" . }}
spec:
  scaleTargetRef:
    name: {{ .name }}
  minReplicaCount: {{ .settings.autoscaling.minReplicas }}
  maxReplicaCount: {{ .settings.autoscaling.maxReplicas }}
  advanced:
    horizontalPodAutoscalerConfig:
      behavior:
        {{- include "platform-lib.scale-down" . | nindent 8 }}
  triggers:
    - type: rabbitmq
      metadata:
        queueName: {{ .facts.queue }}
        mode: QueueLength
        value: {{ .settings.autoscaling.queueLength | quote }}
      authenticationRef:
        name: {{ .name }}
{{- end }}

{{/* One at a time; a pod that is broken anyway may always go. */}}
{{- define "platform-lib.disruption-budget" -}}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
{{ include "platform-lib.metadata" . }}
spec:
  maxUnavailable: 1
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels:
      {{- include "platform-lib.selector" . | nindent 6 }}
{{- end }}
