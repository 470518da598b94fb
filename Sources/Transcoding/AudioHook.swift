/// What is done with the sound of one publication, away from the relay.
///
/// A hook is confined: whoever runs it calls one function at a time, on a thread that carries no
/// media of others. It may take as long as the sound lasts. What it cannot keep up with is dropped
/// before it is decoded, is counted, and comes as a jump of `AudioFrame.timestamp`; the relay never
/// waits for it.
public protocol AudioHook: AnyObject {
  /// - Parameter frame: 48 kHz, one or two channels, 2.5 to 120 ms, mostly 20 ms; in order of its
  ///   timestamp. Loss is concealed already, silence without packets (DTX) comes as silence. A longer
  ///   gap is a jump of the timestamp.
  /// - Returns: sound that takes the place of `frame` for those behind the hook, of the same
  ///   timestamp, length and channels; `nil`: nothing goes on from here.
  func process(_ frame: AudioFrame) -> AudioFrame?
}
