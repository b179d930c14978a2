package dev.isthmus.blocktranslation.store.proxy;

/** What happens to one request on its way to the server and back. */
public enum ProxyFault {
  /** Nothing. */
  NONE,
  /** A PUT takes effect; the connection ends without a byte of the reply. */
  PUT_REPLY_LOST,
  /** The request takes effect; the connection ends in the middle of the reply. */
  REPLY_CUT,
  /** 500 InternalError; nothing took effect. */
  SERVER_ERROR,
  /** 503 SlowDown, for this request and those that follow it; nothing took effect. */
  STORM,
  /** The reply waits before its first byte, up to two seconds. */
  SLOW_HEADERS,
  /** The reply waits half a second before its first byte. */
  LATE,
  /** The reply's body comes in pieces with waits between them. */
  SLOW_BODY,
  /** The connection is reset before the server saw the request. */
  RESET,
  /** One bit of the body is another: a GET's on its way back, a PUT's on its way there. */
  WRONG_BYTES,
  /** A GET is answered as it would have been before the newest PUT of its key. */
  STALE_READ
}
