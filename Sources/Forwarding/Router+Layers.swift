/// How much of a picture a viewer gets.
extension Router {
  /// Every temporal layer.
  public static let allTemporalLayers: UInt8 = TemporalLayers.all

  /// Sends the frames of the temporal layers up to this one (0...3) from the next frame on; higher ones
  /// again as soon as a decoder can follow. Without effect on what has no temporal layers.
  public func setTemporalLayers(upTo layer: UInt8, of handle: SubscriptionHandle) {
    subscription(handle)?.pointee.temporal.wanted = min(layer, TemporalLayers.all)
  }
}
