// A whole participant in sagas, in Go with SQLite: it holds seats in a hall of ten, and gives them back.
// What it keeps to is docs/participants.md; the register is in register.go, its own business in seats.go.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/google/uuid"
	amqp "github.com/rabbitmq/amqp091-go"
)

const workers = 4

func main() {
	store, err := open(env("DATABASE"))
	check("the database", err)
	if len(os.Args) > 1 && os.Args[1] == "effects" { // for the conformance kit
		held, err := holds(store, env("SAGA_KEY"))
		check("counting", err)
		fmt.Println(held)
		return
	}
	uri, err := amqp.ParseURI(env("AMQP_URL"))
	check("AMQP_URL", err)
	connection, err := amqp.Dial(env("AMQP_URL"))
	check("the broker", err)
	channel, err := connection.Channel()
	check("a channel", err)
	check("the prefetch", channel.Qos(workers, 0, false))
	// the operator believes only replies from the broker user that the participant is called after
	deliveries, err := channel.Consume("commands."+uri.Username, "participant", false, false, false, false, nil)
	check("the queue", err)

	stop, _ := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	go func() {
		<-stop.Done()
		_ = channel.Cancel("participant", false) // ends the deliveries; what is in hand is finished
	}()
	var working sync.WaitGroup
	for range workers {
		working.Go(func() {
			for delivery := range deliveries {
				check("the line to the broker", handle(store, channel, uri.Username, delivery))
			}
		})
	}
	working.Wait()
	if stop.Err() == nil {
		log.Fatal("the broker ended the line; whoever supervises this process starts it again")
	}
	_ = connection.Close()
}

// handle answers one delivery: first the register and the effect, then the reply, then the ack (R1).
func handle(store *register, channel *amqp.Channel, user string, delivery amqp.Delivery) error {
	message, err := read(delivery)
	if err != nil {
		log.Printf("nobody can act on message %s: %v", delivery.MessageId, err)
		return delivery.Reject(false) // to the dead-letter queue
	}
	answer, err := store.answer(message)
	check("the database", err) // unanswered: the broker delivers it again once this process is back
	log.Printf("%s %s: %s %s", delivery.Type, message.sagaKey, answer.kind, answer.body)
	headers := amqp.Table{"wire": int32(1)}
	for _, echoed := range []string{"saga", "step", "direction", "fingerprint", "attempt"} {
		headers[echoed] = delivery.Headers[echoed]
	}
	if answer.kind == failed {
		headers["final"] = false // this participant registers no failures: the operator cancels instead (R3)
	}
	err = channel.Publish("saga.replies", delivery.ReplyTo, false, false, amqp.Publishing{
		MessageId:     uuid.NewString(),
		CorrelationId: message.id,
		Type:          answer.kind,
		UserId:        user,
		ContentType:   "application/json",
		Headers:       headers,
		Body:          answer.body,
	})
	if err != nil {
		return err
	}
	return delivery.Ack(false)
}

func env(name string) string {
	value := os.Getenv(name)
	if value == "" {
		log.Fatalf("the environment variable %s is missing", name)
	}
	return value
}

func check(what string, err error) {
	if err != nil {
		log.Fatalf("%s: %v", what, err)
	}
}
