{{/* metadata of a pod template. `config`, the text of what it reads at start, makes it new when that changes. */}}
{{- define "platform-lib.pod-metadata" -}}
labels:
  {{- include "platform-lib.pod-labels" . | nindent 2 }}
  {{- range compact (splitList "," (include "platform-lib.calls" .)) }}
  skald.dev/client-of-{{ . }}: "true"
  {{- end }}
  {{- with .settings.podLabels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
annotations:
  checksum/config: {{ sha256sum .config }}
  {{- with .settings.podAnnotations }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}

{{/* What every pod says of itself: who it is, where it may run. */}}
{{- define "platform-lib.pod" -}}
{{- include "platform-lib.pod-identity" . }}
{{- with .settings.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .settings.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .settings.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .settings.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
topologySpreadConstraints:
  {{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
  - topologyKey: {{ . }}
    maxSkew: 1
    whenUnsatisfiable: ScheduleAnyway
    # or a new version would spread itself around the old one, and lie on one node when that is gone
    matchLabelKeys: [pod-template-hash]
    labelSelector:
      matchLabels:
        {{- include "platform-lib.selector" $ | nindent 8 }}
  {{- end }}
{{- end }}

{{/* Its account, without a token, and the least rights on the node. */}}
{{- define "platform-lib.pod-identity" -}}
serviceAccountName: {{ .account | default .service }}
automountServiceAccountToken: false
# Kubernetes would set RABBITMQ_PORT and the like, which programs take for their own settings.
enableServiceLinks: false
{{- with .root.Values.global.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile:
    type: RuntimeDefault
{{- end }}

{{- define "platform-lib.container-security" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- define "platform-lib.service-account" -}}
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ .name }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "platform-lib.labels" (merge (dict "service" .name "component" "account") .) | nindent 4 }}
automountServiceAccountToken: false
{{- end }}
