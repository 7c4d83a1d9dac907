{{/*
RabbitMQ's definitions from files/topology.yaml, where every password's hash is still @USER@. The embedded platform makes
the same of the same file (hack/embedded/broker.py); a test holds the two against each other.
*/}}
{{- define "rabbitmq.definitions" -}}
{{- $topology := .Files.Get "files/topology.yaml" | fromYaml -}}
{{- $vhost := .Release.Namespace -}}
{{- $users := list -}}{{- $permissions := list -}}{{- $topics := list -}}
{{- range $name, $rights := $topology.users -}}
{{-   $users = append $users (dict "name" $name "password_hash" (printf "@%s@" $name) "hashing_algorithm" "rabbit_password_hashing_sha256" "tags" list) -}}
{{-   $permissions = append $permissions (dict "user" $name "vhost" $vhost "configure" $rights.configure "write" $rights.write "read" $rights.read) -}}
{{-   with $rights.topics -}}
{{-     $topics = append $topics (dict "user" $name "vhost" $vhost "exchange" "events" "write" . "read" "^$") -}}
{{-   end -}}
{{- end -}}
{{- $users = append $users (dict "name" "admin" "password_hash" "@admin@" "hashing_algorithm" "rabbit_password_hashing_sha256" "tags" (list "administrator" "impersonator")) -}}
{{- $permissions = append $permissions (dict "user" "admin" "vhost" $vhost "configure" ".*" "write" ".*" "read" ".*") -}}
{{- $exchanges := list -}}
{{- range $name, $type := $topology.exchanges -}}
{{-   $exchanges = append $exchanges (include "rabbitmq.exchange" (list $vhost $name $type) | fromJson) -}}
{{- end -}}
{{- $queues := list -}}{{- $bindings := list -}}{{- $policies := list -}}
{{- range $name, $binding := $topology.queues -}}
{{-   $dead := printf "%s.dead" $name -}}
{{-   $exchanges = append $exchanges (include "rabbitmq.exchange" (list $vhost $dead "fanout") | fromJson) -}}
{{-   range list $name $dead -}}
{{-     $queues = append $queues (dict "vhost" $vhost "name" . "durable" true "auto_delete" false "arguments" (dict "x-queue-type" "quorum")) -}}
{{-   end -}}
{{-   range $binding.keys -}}
{{-     $bindings = append $bindings (include "rabbitmq.binding" (list $vhost $binding.exchange $name . dict) | fromJson) -}}
{{-   end -}}
{{-   $bindings = append $bindings (include "rabbitmq.binding" (list $vhost $dead $dead "" dict) | fromJson) -}}
{{-   $alive := dict "dead-letter-exchange" $dead "dead-letter-strategy" "at-least-once" "overflow" "reject-publish" -}}
{{-   if eq $binding.exchange "saga.commands" -}}
{{-     $alive = dict "dead-letter-exchange" "dead-letters" "dead-letter-strategy" "at-most-once" -}}
{{-     range list "rejected" "delivery_limit" -}}
{{-       $died := dict "x-match" "all-with-x" "x-first-death-queue" $name "x-first-death-reason" . -}}
{{-       $bindings = append $bindings (include "rabbitmq.binding" (list $vhost "dead-letters" $dead "" $died) | fromJson) -}}
{{-     end -}}
{{-   end -}}
{{-   $_ := set $alive "delivery-limit" (int $topology.deliveryLimit) -}}
{{-   $policies = append $policies (include "rabbitmq.policy" (list $vhost $name $alive) | fromJson) -}}
{{-   $policies = append $policies (include "rabbitmq.policy" (list $vhost $dead (dict "delivery-limit" -1 "overflow" "reject-publish")) | fromJson) -}}
{{- end -}}
{{- dict "vhosts" (list (dict "name" $vhost "default_queue_type" "quorum")) "users" $users "permissions" $permissions
      "topic_permissions" $topics "exchanges" $exchanges "queues" $queues "bindings" $bindings "policies" $policies
    | toPrettyJson -}}
{{- end }}

{{- define "rabbitmq.exchange" -}}
{{- dict "vhost" (index . 0) "name" (index . 1) "type" (index . 2) "durable" true "auto_delete" false "arguments" dict | toJson -}}
{{- end }}

{{- define "rabbitmq.binding" -}}
{{- dict "vhost" (index . 0) "source" (index . 1) "destination" (index . 2) "destination_type" "queue" "routing_key" (index . 3) "arguments" (index . 4) | toJson -}}
{{- end }}

{{- define "rabbitmq.policy" -}}
{{- $pattern := printf "^%s$" (index . 1 | replace "." "\\.") -}}
{{- dict "vhost" (index . 0) "name" (index . 1) "pattern" $pattern "apply-to" "quorum_queues" "priority" 0 "definition" (index . 2) | toJson -}}
{{- end }}
