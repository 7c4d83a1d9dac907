{{/* What wakes somebody: one template for each kind of component. */}}

{{/* Picks a workload's series, and not those of another release: `job` is the name of the Service that Prometheus finds
     the workload by, its own or `facts.job`. */}}
{{- define "platform-lib.scraped" -}}
namespace={{ .root.Release.Namespace | quote }}, job={{ .facts.job | default .name | quote }}
{{- end }}

{{/* `facts.up` narrows which of the workload's ports says that it is up. */}}
{{- define "platform-lib.alert-down" -}}
- alert: NoReplica
  expr: absent(up{ {{- include "platform-lib.scraped" . }}{{ with .facts.up }}, {{ . }}{{ end -}} } == 1)
  for: 2m
  labels: {severity: critical, workload: {{ .name }}}
  annotations:
    summary: No replica of {{ .name }} answers
    description: "kubectl -n {{ .root.Release.Namespace }} get pods -l app.kubernetes.io/name={{ .service }}"
{{- end }}

{{- define "platform-lib.alerts-web" -}}
- alert: RequestsFail
  expr: >-
    sum(rate(http_request_total{ {{- include "platform-lib.scraped" . }}, status=~"5.."}[5m]))
    / sum(rate(http_request_total{ {{- include "platform-lib.scraped" . }}}[5m])) > 0.02
  for: 5m
  labels: {severity: warning, workload: {{ .name }}}
  annotations:
    summary: More than 2 % of the requests to {{ .name }} fail
{{- end }}

{{- define "platform-lib.alerts-grpc" -}}
- alert: CallsFail
  expr: >-
    sum(rate(grpc_request_duration_seconds_count{ {{- include "platform-lib.scraped" . }}, code=~"INTERNAL|UNKNOWN|UNAVAILABLE"}[5m]))
    / sum(rate(grpc_request_duration_seconds_count{ {{- include "platform-lib.scraped" . }}}[5m])) > 0.02
  for: 5m
  labels: {severity: warning, workload: {{ .name }}}
  annotations:
    summary: More than 2 % of the calls to {{ .name }} fail
{{- end }}

{{- define "platform-lib.alerts-worker" -}}
- alert: NobodyConsumes
  expr: max(skald_consuming{ {{- include "platform-lib.scraped" . }}}) by (queue) == 0
  for: 2m
  labels: {severity: critical, workload: {{ .name }}}
  annotations:
    summary: No replica of {{ .name }} consumes its queue, so its sagas wait
- alert: OutboxLags
  expr: max(skald_outbox_lag_seconds{ {{- include "platform-lib.scraped" . }}}) by (outbox) > 60
  for: 2m
  labels: {severity: warning, workload: {{ .name }}}
  annotations:
    summary: Events of {{ .name }} wait for more than a minute; is the broker away?
- alert: SagasNotStarted
  expr: >-
    sum(rate(skald_starter_requests_total{ {{- include "platform-lib.scraped" . }}, answer=~"401|403|5..|Unreachable"}[5m])) by (answer) > 0
  for: 10m
  labels: {severity: critical, workload: {{ .name }}}
  annotations:
    summary: {{ .name }} asks the API server for sagas in vain ({{ "{{ $labels.answer }}" }}); its log says what it asked
- alert: UnreadableMessages
  expr: increase(skald_unreadable_total{ {{- include "platform-lib.scraped" . }}}[15m]) > 0
  labels: {severity: warning, workload: {{ .name }}}
  annotations:
    summary: {{ .name }} got messages that it cannot read; they lie in its dead queue
{{- end }}

{{- define "platform-lib.alerts-operator" -}}
- alert: SagasStalled
  expr: max(skald_saga_stalled{ {{- include "platform-lib.scraped" . }}}) by (reason) > 0
  for: 2m
  labels: {severity: critical, workload: {{ .name }}}
  annotations:
    summary: Sagas wait for something that they cannot bring about ({{ "{{ $labels.reason }}" }})
    description: "kubectl saga list -n {{ .root.Release.Namespace }} shows them first; kubectl saga timeline NAME says why"
- alert: NobodyRunsSagas
  expr: sum(skald_saga_lease_held{ {{- include "platform-lib.scraped" . }}}) < 1
  for: 1m
  labels: {severity: critical, workload: {{ .name }}}
  annotations:
    summary: No saga operator holds the Lease, so no saga goes on
    description: "kubectl get lease saga-operator -n {{ .root.Release.Namespace }}; kubectl logs says why it is not taken"
- alert: SagaFaults
  expr: increase(skald_saga_faults_total{ {{- include "platform-lib.scraped" . }}}[15m]) > 0
  labels: {severity: critical, workload: {{ .name }}}
  annotations:
    summary: The saga operator met something that it cannot process; its log says what
- alert: SagasAborted
  expr: increase(skald_saga_finished_total{ {{- include "platform-lib.scraped" . }}, phase="Aborted"}[15m]) > 0
  labels: {severity: warning, workload: {{ .name }}}
  annotations:
    summary: Sagas were given up half done, and somebody has to look after them
- alert: OperatorLags
  expr: skald_saga_loop_lag_seconds{ {{- include "platform-lib.scraped" . }}} > 1
  for: 5m
  labels: {severity: warning, workload: {{ .name }}}
  annotations:
    summary: The saga operator has more to do than it can
{{- end }}

{{- define "platform-lib.alerts-broker" -}}
- alert: DeadLetters
  expr: max(rabbitmq_queue_messages{ {{- include "platform-lib.scraped" . }}, queue=~".*\\.dead"}) by (queue) > 0
  for: 1m
  labels: {severity: warning, workload: {{ .name }}}
  annotations:
    summary: Messages that nobody could handle lie in a dead queue; python -m skald.deadletters shows them
- alert: BrokerBlocksPublishers
  expr: >-
    max(rabbitmq_alarms_memory_used_watermark{ {{- include "platform-lib.scraped" . }}}) > 0
    or max(rabbitmq_alarms_free_disk_space_watermark{ {{- include "platform-lib.scraped" . }}}) > 0
  for: 1m
  labels: {severity: critical, workload: {{ .name }}}
  annotations:
    summary: The broker has no memory or disk left and takes no messages
{{- end }}

{{- define "platform-lib.alerts-gateway" -}}
- alert: GatewayAnswersBadly
  expr: >-
    sum(rate(kong_http_requests_total{ {{- include "platform-lib.scraped" . }}, code=~"5.."}[5m]))
    / sum(rate(kong_http_requests_total{ {{- include "platform-lib.scraped" . }}}[5m])) > 0.02
  for: 5m
  labels: {severity: warning, workload: {{ .name }}}
  annotations:
    summary: More than 2 % of all requests end in an error of the gateway or of a service
- alert: GatewayKeysOutOfStep
  expr: time() - skald_gateway_keys_in_step_timestamp_seconds{ {{- include "platform-lib.scraped" . }}} > 120
  labels: {severity: critical, workload: {{ .name }}}
  annotations:
    summary: A gateway's keys are not identity's; tokens of a new key are refused, the log of the container keys says why
{{- end }}
