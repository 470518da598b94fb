internal import Wire

/// Which temporal layers of VP8 a viewer gets (RFC 7741 section 4.2): fewer frames without a keyframe,
/// and more of them again where a decoder can follow.
///
/// - Down at the next frame: nothing of the lower layers needs the higher ones.
/// - Up one layer at a time, at a frame that says that it needs the base layer only (Y bit); all at once
///   at a keyframe.
/// - A frame goes whole or not at all.
struct TemporalLayers {
  /// TID has two bits.
  static let all: UInt8 = 3

  /// The highest layer that is to go.
  var wanted = Self.all
  /// The highest that goes now.
  private(set) var current = Self.all
  /// The picture that was decided on last.
  private var picture: UInt16?
  private var isAdmitted = true

  /// A decoder starts here: every layer can follow.
  mutating func restart() {
    current = wanted
    picture = nil
  }

  /// Whether a packet goes to the viewer.
  /// - Parameter isLate: newer packets came before it.
  @inline(__always)
  mutating func admits(_ vp8: VP8Descriptor, isLate: Bool) -> Bool {
    guard wanted == Self.all, current == Self.all else { return decide(vp8, isLate) }
    if !isLate {
      picture = vp8.pictureID
      isAdmitted = true
    }
    return true
  }

  @inline(never)
  private mutating func decide(_ vp8: VP8Descriptor, _ isLate: Bool) -> Bool {
    guard let layer = vp8.temporalID, let id = vp8.pictureID else { return true }
    if id == picture { return isAdmitted }
    // A frame that comes late as a whole must not change what is decided already.
    guard !isLate else { return layer <= current }
    picture = id
    if vp8.isKeyframeStart || wanted < current {
      current = wanted
    } else if layer == current &+ 1, layer <= wanted, vp8.layerSync {
      current = layer
    }
    isAdmitted = layer <= current
    return isAdmitted
  }
}
