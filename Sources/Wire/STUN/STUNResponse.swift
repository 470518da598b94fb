/// The answers of an ICE-lite agent to Binding requests.
public enum STUNResponse {
  /// Success, with the address that the request came from (RFC 8489 section 6.3.1.1).
  ///
  /// - Parameters:
  ///   - request: an authenticated one.
  ///   - key: of the same credentials.
  /// - Returns: the length, `nil` when the buffer is too small.
  public static func success(
    to request: STUNMessage, from source: TransportAddress, key: STUNKey,
    into buffer: UnsafeMutableRawBufferPointer
  ) -> Int? {
    var writer = STUNWriter(
      into: buffer, class: .successResponse, method: request.method,
      transactionID: request.transactionID)
    writer.appendXORMappedAddress(source)
    return writer.finish(key: key)
  }

  /// An error to a request that was authenticated: protected by its key. 420 names what was not
  /// understood.
  ///
  /// - Returns: the length, `nil` when the buffer is too small.
  public static func error(
    _ code: STUNErrorCode, to request: STUNMessage, key: STUNKey,
    into buffer: UnsafeMutableRawBufferPointer
  ) -> Int? {
    write(code, to: request, key: key, into: buffer)
  }

  /// An error to a request that was not authenticated, so its source may be forged: never longer
  /// than the request, or nobody would be safe from us as an amplifier.
  ///
  /// - Returns: the length, `nil` when the answer would be longer or the buffer is too small.
  public static func errorToUnauthenticated(
    _ code: STUNErrorCode, to request: STUNMessage, into buffer: UnsafeMutableRawBufferPointer
  ) -> Int? {
    let limit = min(buffer.count, request.bytes.count)
    return write(
      code, to: request, key: nil, into: UnsafeMutableRawBufferPointer(rebasing: buffer[0..<limit]))
  }

  private static func write(
    _ code: STUNErrorCode, to request: STUNMessage, key: STUNKey?,
    into buffer: UnsafeMutableRawBufferPointer
  ) -> Int? {
    guard request.messageClass == .request else { return nil }
    var writer = STUNWriter(
      into: buffer, class: .errorResponse, method: request.method,
      transactionID: request.transactionID)
    writer.appendErrorCode(code)
    if code == .unknownAttribute { writer.appendUnknownAttributes(request.unknownAttributes) }
    return writer.finish(key: key, fingerprint: request.hasFingerprint)
  }
}
