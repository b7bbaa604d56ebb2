// The RabbitMQ client, of which one thing is changed: it reads on before it calls back that a connection is open. If the broker closes it in the same
// packet, the event "error" comes before anybody can listen to it, and is thrown where nobody can catch it. So what follows the opening is read one
// turn later. The package does not export the class.
import amqp from "amqplib";
import { Connection } from "../../node_modules/amqplib/lib/connection.js";

const acceptLoop = Connection.prototype.acceptLoop;
Connection.prototype.acceptLoop = function (this: Connection) {
  setImmediate(() => acceptLoop.call(this));
};

export const { connect } = amqp;
