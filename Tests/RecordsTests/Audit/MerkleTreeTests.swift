import Records
import Testing

@Suite("Merkle tree")
struct MerkleTreeTests {
  /// The leaves that the test vectors of Certificate Transparency use.
  static let entries: [[UInt8]] = [
    [], [0x00], [0x10], [0x20, 0x21], [0x30, 0x31], [0x40, 0x41, 0x42, 0x43],
    Array(0x50...0x57), Array(0x60...0x6F),
  ]

  static func hexadecimal(_ hash: MerkleHash) -> String {
    hash.bytes.map { byte in
      let digits = String(byte, radix: 16)
      return digits.count == 1 ? "0" + digits : digits
    }.joined()
  }

  @Test(
    "roots of the known vectors",
    arguments: [
      (2, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"),
      (3, "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"),
      (5, "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"),
      (8, "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"),
    ])
  func vectors(size: Int, root: String) {
    let leaves = Self.entries[..<size].map(MerkleHash.leaf)
    #expect(Self.hexadecimal(MerkleTree(leaves: leaves).root) == root)
    #expect(Self.hexadecimal(MerkleFrontier(leaves: leaves).root) == root)
  }

  @Test("an empty tree and a tree of one")
  func small() {
    #expect(Self.hexadecimal(MerkleFrontier().root).hasPrefix("e3b0c442"))
    #expect(Self.hexadecimal(MerkleFrontier().root).hasSuffix("b855"))
    let one = MerkleFrontier(leaves: [MerkleHash.leaf([UInt8]())])
    #expect(Self.hexadecimal(one.root).hasPrefix("6e340b9c"))
    #expect(Self.hexadecimal(one.root).hasSuffix("afa01d"))
  }

  static func leaves(_ count: Int) -> [MerkleHash] {
    (0..<count).map { MerkleHash.leaf([UInt8($0 & 255), UInt8($0 >> 8)]) }
  }

  @Test("every leaf of every tree up to 40 is proven included, and nothing else is")
  func inclusion() throws {
    for size in 1...40 {
      let leaves = Self.leaves(size)
      let tree = MerkleTree(leaves: leaves)
      #expect(MerkleFrontier(leaves: leaves).root == tree.root)
      for index in 0..<size {
        let proof = try #require(tree.inclusionProof(of: index))
        func included(_ leaf: MerkleHash, _ index: Int, _ size: Int, _ proof: [MerkleHash]) -> Bool
        {
          MerkleTree.isIncluded(leaf, at: index, size: size, root: tree.root, proof: proof)
        }
        #expect(included(leaves[index], index, size, proof))
        #expect(!included(.leaf([7, 7, 7]), index, size, proof))
        #expect(!included(leaves[index], index ^ 1, size, proof) || size == 1)
        #expect(!included(leaves[index], index, size, proof + [leaves[index]]))
        if !proof.isEmpty {
          #expect(!included(leaves[index], index, size, Array(proof.dropLast())))
        }
      }
      #expect(tree.inclusionProof(of: size) == nil && tree.inclusionProof(of: -1) == nil)
    }
  }

  @Test("every tree is proven to begin with every smaller one, and with no other")
  func consistency() throws {
    let all = Self.leaves(34)
    for second in 1...34 {
      let tree = MerkleTree(leaves: Array(all[..<second]))
      for first in 1...second {
        let before = MerkleTree(leaves: Array(all[..<first])).root
        let proof = try #require(tree.consistencyProof(with: first))
        func consistent(_ firstRoot: MerkleHash, _ proof: [MerkleHash]) -> Bool {
          MerkleTree.isConsistent(
            first: first, firstRoot: firstRoot, second: second, secondRoot: tree.root, proof: proof)
        }
        #expect(consistent(before, proof), "\(first) of \(second)")
        #expect(!consistent(.leaf([9]), proof))
        #expect(!consistent(before, proof + [before]))
        if !proof.isEmpty { #expect(!consistent(before, Array(proof.dropLast()))) }
      }
    }
  }
}
