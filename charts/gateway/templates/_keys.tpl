{{/* Gives the node the keys of identity, which Kong cannot read by itself; until it has them the pod is not ready. */}}
{{- define "gateway.keys" -}}
image: {{ include "platform-lib.image" (dict "root" . "image" .Values.keysImage "tag" (include "platform-lib.own-tag" .)) }}
imagePullPolicy: {{ .Values.global.image.pullPolicy }}
env:
  - {name: SKALD_SERVICE, value: gateway-keys}
  - {name: SKALD_NAMESPACE, value: {{ .Release.Namespace }}}
  - {name: SKALD_LOG_LEVEL, value: {{ .Values.global.logLevel }}}
  - {name: SKALD_METRICS_BIND, value: "0.0.0.0:9102"}
  - {name: SKALD_KONG_FILE, value: /kong/kong.yaml}
  - {name: SKALD_KONG_ADMIN, value: "http://127.0.0.1:8001"}
  - {name: SKALD_JWKS_URL, value: "http://identity-web:8080/.well-known/jwks.json"}
ports:
  - {name: keys-metrics, containerPort: 9102}
startupProbe:
  httpGet: {path: /livez, port: keys-metrics}
  periodSeconds: 2
  timeoutSeconds: 3
  failureThreshold: 150
readinessProbe:
  httpGet: {path: /readyz, port: keys-metrics}
  periodSeconds: 3
  timeoutSeconds: 3
  failureThreshold: 2
livenessProbe:
  httpGet: {path: /livez, port: keys-metrics}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
resources:
  requests: {cpu: 10m, memory: 64Mi, ephemeral-storage: 4Mi}
  limits: {cpu: 500m, memory: 192Mi, ephemeral-storage: 64Mi}
securityContext:
  {{- include "platform-lib.container-security" . | nindent 2 }}
volumeMounts:
  - {name: config, mountPath: /kong, readOnly: true}
  - {name: tmp, mountPath: /tmp}
{{- end }}
