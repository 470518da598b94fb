// modules: Wire
// limit: 1500
import Wire

/// Reads the input as redundant audio, looks at every block, and gives the blocks another type.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzRED(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = UnsafeRawBufferPointer(start: data, count: count)
  let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 1)
  defer { copy.deallocate() }
  copy.copyMemory(from: bytes)
  REDPayload.setBlockType(42, in: copy)
  guard let red = REDPayload(bytes) else { return 0 }
  precondition(red.primary.upperBound == count && !red.primary.isEmpty)
  var end = red.redundantCount * 4 + 1
  for i in 0..<red.redundantCount {
    guard let block = red.redundantBlock(i, in: bytes) else { preconditionFailure("no block") }
    precondition(block.range.lowerBound == end && block.timestampOffset <= red.span)
    if red.isUniform { precondition(block.payloadType == red.primaryType) }
    end = block.range.upperBound
  }
  precondition(end == red.primary.lowerBound)
  guard let again = REDPayload(UnsafeRawBufferPointer(copy)) else {
    preconditionFailure("rewriting broke the payload")
  }
  precondition(again.isUniform && again.primaryType == 42)
  precondition(again.primary == red.primary && again.span == red.span)
  precondition(copy[red.primary].elementsEqual(bytes[red.primary]))
  return 0
}
