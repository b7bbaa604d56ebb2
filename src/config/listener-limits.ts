// Bounds of destinations of type listener: events that come to a developer's machine through a socket.

/** Listeners of one destination that may be connected at once. */
export const MAX_LISTENERS = 20;
/** A listener that has been connected for so long must connect again, with a token that is still valid. Milliseconds. */
export const LISTENER_SESSION_MS = 3_600_000;
/** A listener that has not confirmed a request by then is taken for gone. Milliseconds. */
export const LISTENER_CONFIRM_MS = 10_000;
/** One that reconnects by itself is back within this time. Until then its deliveries come again, at these intervals; later they are held. Milliseconds. */
export const LISTENER_BACK_MS = 10_000;
export const LISTENER_RETRY_MS = 2_000;
/** When nobody has listened for this long, connections take no more events for it: what waits for a listener is never removed. Milliseconds. */
export const LISTENER_ABANDONED_MS = 3_600_000;
/** For how long an invocation believes that a destination has no listener, so that a batch does not ask for each delivery. Milliseconds. */
export const LISTENER_KNOWN_MS = 500;
/** A piece of a body that is sent from R2 through a socket. Bytes. */
export const LISTENER_PIECE_BYTES = 256 * 1024;
/** What a listener may send: the answer's head and the first bytes of its body, as JSON. Bytes. */
export const MAX_LISTENER_MESSAGE_BYTES = 128 * 1024;
/** How long the sweep or the API waits for the object that has a destination's sockets. Milliseconds. */
export const LISTENERS_WAIT_MS = 1_000;
