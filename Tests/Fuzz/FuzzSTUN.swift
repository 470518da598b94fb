// modules: Wire
// limit: 600
import Wire

/// Parses the input as STUN, reads everything, answers it as an ICE-lite agent would, and reads the
/// answer back.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzSTUN(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = UnsafeRawBufferPointer(start: data, count: count)
  guard let message = STUNMessage(bytes) else { return 0 }
  let key = STUNKey(password: "VOkJxbRl1RmTxUk/WvJxBt")
  let isAuthentic = message.isAuthentic(key)
  precondition(!isAuthentic || message.hasIntegrity)
  if let fragments = message.usernameFragments {
    precondition(fragments.receiver.utf8.count + fragments.sender.utf8.count < 512)
  }
  if let code = message.errorCode { precondition((300...699).contains(code.rawValue)) }
  precondition(message.unknownAttributes.count <= 8)

  let capacity = 1200
  let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 1)
  defer { buffer.deallocate() }
  func reply(_ length: Int) -> STUNMessage {
    guard let reply = STUNMessage(UnsafeRawBufferPointer(rebasing: buffer[0..<length])) else {
      preconditionFailure("an answer of ours is not STUN")
    }
    precondition(reply.transactionID == message.transactionID)
    precondition(reply.method == message.method)
    return reply
  }
  for code in [STUNErrorCode.badRequest, .unknownAttribute, .roleConflict] {
    if let length = STUNResponse.errorToUnauthenticated(code, to: message, into: buffer) {
      precondition(length <= count)
      precondition(reply(length).errorCode == code)
    }
    if let length = STUNResponse.error(code, to: message, key: key, into: buffer) {
      let reply = reply(length)
      precondition(reply.errorCode == code && reply.isAuthentic(key))
    }
  }
  let source =
    message.xorMappedAddress
    ?? TransportAddress(ip: IPAddress(high: message.transactionID.high, low: 1), port: 9)
  if let length = STUNResponse.success(to: message, from: source, key: key, into: buffer) {
    let reply = reply(length)
    precondition(reply.isAuthentic(key) && reply.hasFingerprint)
    precondition(reply.xorMappedAddress == source)
  }
  return 0
}
