// Package wire is the bytes of Nomad's RPC protocol: the mode bytes, the request
// and the reply of a call, the frames of a stream, and the bounds within which a reply
// is believed.
//
// A call is two msgpack values each way, a header and a body, one after the
// other without a length in front. [AppendRequest] and [Encoder] append one to a buffer. A [Scanner]
// finds where a reply ends while its bytes come in, and refuses what announces
// more than the limits, of bytes, elements and depth, before any memory is spent on
// it; [Decoder] then reads it.
//
// Values are those of the codec with the settings of Nomad's servers. What is looked up
// without it goes by the same rules: [Pairs] in the bytes of a map, [FieldIndex] in a
// struct.
package wire
