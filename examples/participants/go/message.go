package main

import (
	"fmt"
	"strings"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// message is a command or its cancel, as far as the register needs it.
type message struct {
	id, sagaKey, fingerprint, command string
	cancel, backward                  bool
	actionID                          string    // of a compensation: what it undoes
	deadline                          time.Time // zero where there is none
	body                              []byte
}

// read takes a message apart, or says why nobody can act on it.
func read(delivery amqp.Delivery) (message, error) {
	var missing []string
	header := func(name string) string {
		value, _ := delivery.Headers[name].(string)
		if value == "" {
			missing = append(missing, name)
		}
		return value
	}
	direction := header("direction")
	_, command, _ := strings.Cut(delivery.RoutingKey, ".")
	read := message{
		id:          delivery.MessageId,
		sagaKey:     header("saga-key"),
		fingerprint: header("fingerprint"),
		command:     command,
		cancel:      delivery.Type == "cancel",
		backward:    direction == "Backward",
		body:        delivery.Body,
	}
	if read.backward {
		read.actionID = header("action-id")
	}
	switch {
	case len(missing) > 0:
		return read, fmt.Errorf("no header %s", strings.Join(missing, ", "))
	case !understood(delivery.Headers["wire"]):
		return read, fmt.Errorf("wire version %v", delivery.Headers["wire"])
	case direction != "Forward" && direction != "Backward":
		return read, fmt.Errorf("direction %q", direction)
	case read.id == "" || delivery.ReplyTo == "":
		return read, fmt.Errorf("no message_id or no reply_to")
	case !read.cancel && delivery.Type != delivery.RoutingKey:
		return read, fmt.Errorf("type %q under routing key %q", delivery.Type, delivery.RoutingKey)
	case delivery.UserId != "saga-operator":
		return read, fmt.Errorf("sent by %q", delivery.UserId)
	}
	if deadline, ok := delivery.Headers["deadline"].(string); ok {
		var err error
		if read.deadline, err = time.Parse(time.RFC3339, deadline); err != nil {
			return read, err
		}
	}
	return read, nil
}

// understood: wire version 1, and the one after it.
func understood(version any) bool {
	text := fmt.Sprint(version)
	return text == "1" || text == "2"
}
