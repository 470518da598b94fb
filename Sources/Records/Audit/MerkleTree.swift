internal import Crypto

/// A SHA-256 hash: a leaf, a node or the root of the tree.
public struct MerkleHash: Hashable, Sendable {
  public static let length = 32
  public let bytes: [UInt8]

  /// `nil` unless there are 32.
  public init?(_ bytes: some Collection<UInt8>) {
    guard bytes.count == Self.length else { return nil }
    self.bytes = Array(bytes)
  }

  private init(_ digest: SHA256.Digest) { bytes = Array(digest) }

  /// Of a tree without leaves.
  public static let empty = MerkleHash(SHA256.hash(data: [UInt8]()))

  /// SHA-256(0x00 || entry) (RFC 9162 section 2.1.1).
  public static func leaf(_ entry: some Collection<UInt8>) -> MerkleHash {
    var hash = SHA256()
    hash.update(data: [0])
    hash.update(data: Array(entry))
    return MerkleHash(hash.finalize())
  }

  /// SHA-256(0x01 || left || right).
  static func node(_ left: MerkleHash, _ right: MerkleHash) -> MerkleHash {
    var hash = SHA256()
    hash.update(data: [1])
    hash.update(data: left.bytes)
    hash.update(data: right.bytes)
    return MerkleHash(hash.finalize())
  }
}

/// What of a Merkle tree is needed to append to it and to tell its root: the roots of its complete
/// subtrees, at most one a bit of its size (RFC 9162 section 2.1.2).
public struct MerkleFrontier: Hashable, Sendable {
  public private(set) var size = 0
  /// From the largest to the smallest.
  private var subtrees: [MerkleHash] = []

  public init() {}

  public init(leaves: some Sequence<MerkleHash>) {
    for leaf in leaves { append(leaf) }
  }

  public mutating func append(_ leaf: MerkleHash) {
    var hash = leaf
    var rest = size
    while rest & 1 == 1, let left = subtrees.popLast() {
      hash = .node(left, hash)
      rest >>= 1
    }
    subtrees.append(hash)
    size += 1
  }

  public var root: MerkleHash {
    guard var hash = subtrees.last else { return .empty }
    for left in subtrees.dropLast().reversed() { hash = .node(left, hash) }
    return hash
  }
}

/// Proofs over leaf hashes (RFC 9162 section 2.1.3 and 2.1.4).
public struct MerkleTree: Sendable {
  private let leaves: [MerkleHash]

  public init(leaves: [MerkleHash]) { self.leaves = leaves }

  public var size: Int { leaves.count }
  public var root: MerkleHash { root(0..<leaves.count) }

  /// The largest power of two smaller than `count`, which is 2 at least.
  static func split(_ count: Int) -> Int {
    1 << (Int.bitWidth - 1 - (count - 1).leadingZeroBitCount)
  }

  private func root(_ range: Range<Int>) -> MerkleHash {
    switch range.count {
    case 0: return .empty
    case 1: return leaves[range.lowerBound]
    default:
      let middle = range.lowerBound + Self.split(range.count)
      return .node(root(range.lowerBound..<middle), root(middle..<range.upperBound))
    }
  }

  /// From the leaf's sibling upwards; `nil` when there is no such leaf.
  public func inclusionProof(of index: Int) -> [MerkleHash]? {
    guard leaves.indices.contains(index) else { return nil }
    var proof: [MerkleHash] = []
    var range = 0..<leaves.count
    while range.count > 1 {
      let middle = range.lowerBound + Self.split(range.count)
      if index < middle {
        proof.append(root(middle..<range.upperBound))
        range = range.lowerBound..<middle
      } else {
        proof.append(root(range.lowerBound..<middle))
        range = middle..<range.upperBound
      }
    }
    return proof.reversed()
  }

  /// RFC 9162 section 2.1.3.2: whether a leaf is in the tree of this size and root.
  public static func isIncluded(
    _ leaf: MerkleHash, at index: Int, size: Int, root: MerkleHash, proof: [MerkleHash]
  ) -> Bool {
    guard index >= 0, index < size else { return false }
    var node = index
    var last = size - 1
    var hash = leaf
    for sibling in proof {
      guard last > 0 else { return false }
      if node & 1 == 1 || node == last {
        hash = .node(sibling, hash)
        while node & 1 == 0, node != 0 {
          node >>= 1
          last >>= 1
        }
      } else {
        hash = .node(hash, sibling)
      }
      node >>= 1
      last >>= 1
    }
    return last == 0 && hash == root
  }

  /// That the tree of the first `size` leaves is a beginning of this one; `nil` when it cannot be.
  public func consistencyProof(with size: Int) -> [MerkleHash]? {
    guard size >= 1, size <= leaves.count else { return nil }
    var proof: [MerkleHash] = []
    appendConsistency(size, 0..<leaves.count, isWhole: true, &proof)
    return proof
  }

  private func appendConsistency(
    _ size: Int, _ range: Range<Int>, isWhole: Bool, _ proof: inout [MerkleHash]
  ) {
    if size == range.count {
      if !isWhole { proof.append(root(range)) }
      return
    }
    let split = Self.split(range.count)
    let middle = range.lowerBound + split
    if size <= split {
      appendConsistency(size, range.lowerBound..<middle, isWhole: isWhole, &proof)
      proof.append(root(middle..<range.upperBound))
    } else {
      appendConsistency(size - split, middle..<range.upperBound, isWhole: false, &proof)
      proof.append(root(range.lowerBound..<middle))
    }
  }

  /// RFC 9162 section 2.1.4.2: whether the tree `(first, firstRoot)` is a beginning of
  /// `(second, secondRoot)`.
  public static func isConsistent(
    first: Int, firstRoot: MerkleHash, second: Int, secondRoot: MerkleHash, proof: [MerkleHash]
  ) -> Bool {
    guard first >= 1, first <= second else { return false }
    if first == second { return proof.isEmpty && firstRoot == secondRoot }
    var path = proof[...]
    if first & (first - 1) == 0 { path = [firstRoot] + path }
    guard let start = path.popFirst() else { return false }
    var node = first - 1
    var last = second - 1
    while node & 1 == 1 {
      node >>= 1
      last >>= 1
    }
    var old = start
    var new = start
    for hash in path {
      guard last > 0 else { return false }
      if node & 1 == 1 || node == last {
        old = .node(hash, old)
        new = .node(hash, new)
        while node & 1 == 0, node != 0 {
          node >>= 1
          last >>= 1
        }
      } else {
        new = .node(new, hash)
      }
      node >>= 1
      last >>= 1
    }
    return last == 0 && old == firstRoot && new == secondRoot
  }
}
