// Package pemtext reads certificates and keys in PEM as people and tools leave them.
//
// What is plain is accepted: any line ends, a byte order mark, text around the blocks, blocks
// joined without a line end, blanks, certificate and key in one file, a chain in any order,
// certificates given twice. What is not plain is an error that says why and where. Nothing
// is left out in silence: each BEGIN that a text holds is a block that is used, or known to
// be for something else, or an error.
//
//   - block.go finds the blocks; binary.go names what is no PEM.
//   - certificate.go and key.go read what is in them; chain.go puts both together.
package pemtext
