// A whole participant in sagas, in JavaScript for Node with MongoDB. What it keeps to is docs/participants.md; the
// register is in register.mjs, its own business in seats.mjs.
import amqp from "amqplib";
import { MongoClient } from "mongodb";
import { propertiesOfReply, read } from "./message.mjs";
import { commands } from "./seats.mjs";
import { answer, count } from "./store.mjs";

const AT_ONCE = 4;
const { AMQP_URL, MONGODB_URI, MONGODB_DATABASE, SAGA_KEY } = process.env;

const client = new MongoClient(MONGODB_URI, { writeConcern: { w: "majority" } });
const holds = client.db(MONGODB_DATABASE).collection("holds");

if (process.argv[2] === "effects") {
  console.log(await count(holds, SAGA_KEY)); // for the conformance kit
  await client.close();
} else {
  await consume();
}

async function consume() {
  // the operator believes only replies from the broker user that the participant is called after
  const user = decodeURIComponent(new URL(AMQP_URL).username);
  const connection = await amqp.connect(AMQP_URL);
  const inHand = new Set();
  let stopping = false;
  connection.on("close", () => stopping || end("the broker ended the line")); // whoever supervises us starts us again
  const channel = await connection.createChannel();
  await channel.prefetch(AT_ONCE);
  const { consumerTag } = await channel.consume(`commands.${user}`, (delivery) => {
    const work = handle(channel, user, delivery)
      .catch(end) // the delivery is unanswered, so it comes again
      .finally(() => inHand.delete(work));
    inHand.add(work);
  });
  process.once("SIGTERM", async () => {
    stopping = true;
    await channel.cancel(consumerTag);
    await Promise.all(inHand);
    await connection.close();
    await client.close();
  });
}

/** First the register and the effect, then the reply, then the ack (R1). */
async function handle(channel, user, delivery) {
  let message;
  try {
    message = read(delivery);
  } catch (error) {
    console.error(`nobody can act on message ${delivery.properties.messageId}: ${error.message}`);
    return channel.reject(delivery, false); // to the dead-letter queue
  }
  const reply = await answer(holds, message, commands);
  console.log(`${delivery.properties.type} ${message.sagaKey}: ${reply.type} ${JSON.stringify(reply.body)}`);
  const body = Buffer.from(JSON.stringify(reply.body));
  channel.publish("saga.replies", delivery.properties.replyTo, body, propertiesOfReply(delivery, reply, user));
  channel.ack(delivery);
}

function end(reason) {
  console.error(reason);
  process.exit(1);
}
