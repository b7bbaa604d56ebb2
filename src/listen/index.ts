// Listeners: servers on people's machines, which get their requests through a WebSocket.
export { connectListener, countListeners, listenerSender } from "./client.ts";
