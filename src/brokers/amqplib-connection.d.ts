declare module "*/amqplib/lib/connection.js" {
  export class Connection {
    acceptLoop(): void;
  }
}
