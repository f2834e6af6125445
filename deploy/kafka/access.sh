#!/bin/bash
# Who may do what on Kafka: a sign-in per service, its own topic to write, the topics it hears to read.
# Safe to repeat. In docker-compose.yml it runs before any service's `migrate`.
set -euo pipefail
: "${KAFKA_BIN:=/opt/kafka/bin}" "${KAFKA_ADMIN:=kafka:9095}" "${CONFIG:=/etc/kafka/admin.properties}"
: "${SECRETS:=/run/secrets}"

sign_in() { # service
    "$KAFKA_BIN/kafka-configs.sh" --bootstrap-server "$KAFKA_ADMIN" --command-config "$CONFIG" --alter \
        --entity-type users --entity-name "$1" --add-config "SCRAM-SHA-512=[password=$(cat "$SECRETS/kafka_$1")]"
}

allow() { # service, then arguments of kafka-acls.sh
    local service=$1
    shift
    "$KAFKA_BIN/kafka-acls.sh" --bootstrap-server "$KAFKA_ADMIN" --command-config "$CONFIG" --add \
        --allow-principal "User:$service" "$@" >/dev/null
}

grant() { # service, the topic it publishes on, the topics it hears
    local service=$1 own=$2
    shift 2
    sign_in "$service"
    allow "$service" --operation Create --operation Write --operation Describe --topic "$own"
    allow "$service" --operation Read --operation Describe --group "$service" "${@/#/--topic=}"
}

grant intake intake.reports escalation.events & granted=($!)
grant triage triage.ratings intake.reports & granted+=($!)
grant escalation escalation.events intake.reports triage.ratings notify.deliveries & granted+=($!)
grant notify notify.deliveries escalation.events & granted+=($!)
for service in intake escalation notify; do # the ends of its chains of evidence, which no service may read
    allow "$service" --operation Create --operation Write --operation Describe --topic evidence.heads & granted+=($!)
done
for each in "${granted[@]}"; do wait "$each"; done
