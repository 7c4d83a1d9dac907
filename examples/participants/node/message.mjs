// From a delivery to what the register needs to know, and from its answer to a reply.
import { randomUUID } from "node:crypto";

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The command or cancel in a delivery. Throws when nobody can act on it. */
export function read({ properties, fields, content }) {
  const { headers, messageId, replyTo, type, userId } = properties;
  const expect = (right, what) => {
    if (!right) throw new Error(what);
  };
  const backward = headers.direction === "Backward";
  expect(userId === "saga-operator", `sent by ${userId}`);
  expect(headers.wire === 1 || headers.wire === 2, `wire version ${headers.wire}`);
  expect(headers["saga-key"] && headers.fingerprint, "no saga-key or no fingerprint");
  expect(backward || headers.direction === "Forward", `direction ${headers.direction}`);
  // ids become names of fields, so nothing else may pass
  expect(UUID.test(messageId) && (!backward || UUID.test(headers["action-id"])), "no UUID as message_id or action-id");
  expect(replyTo, "no reply_to");
  expect(type === "cancel" || type === fields.routingKey, `type ${type} under routing key ${fields.routingKey}`);
  const input = JSON.parse(content.toString());
  expect(input !== null && typeof input === "object" && !Array.isArray(input), "the body is no JSON object");
  return {
    id: messageId,
    sagaKey: headers["saga-key"],
    fingerprint: headers.fingerprint,
    command: fields.routingKey.slice(fields.routingKey.indexOf(".") + 1),
    cancel: type === "cancel",
    backward,
    actionId: headers["action-id"],
    onFailure: headers["on-failure"],
    deadline: headers.deadline ? Date.parse(headers.deadline) : Infinity,
    input,
  };
}

/** The properties of the reply to a delivery. */
export function propertiesOfReply({ properties }, { type, final }, userId) {
  const { saga, step, direction, fingerprint, attempt } = properties.headers;
  const headers = { wire: 1, saga, step, direction, fingerprint, attempt };
  if (type === "Failed") headers.final = final;
  const correlationId = properties.messageId;
  return { messageId: randomUUID(), correlationId, type, userId, contentType: "application/json", headers };
}
