package body

import (
	"bytes"
	"fmt"
)

// Blob is a service of net/rpc whose calls have a large body: many entries of 16 KiB, as
// templates of jobs are.
type Blob struct{}

// BlobEntry is one part of a body.
type BlobEntry struct {
	Path  string
	Value []byte
}

// BlobFetchRequest are the arguments of Blob.Fetch.
type BlobFetchRequest struct {
	Entries int // that are to be answered
	QueryOptions
}

// BlobFetchResponse is the reply of Blob.Fetch.
type BlobFetchResponse struct {
	Entries []BlobEntry
	QueryMeta
}

// BlobStoreRequest are the arguments of Blob.Store.
type BlobStoreRequest struct {
	Entries []BlobEntry
	WriteRequest
}

// BlobStoreResponse is the reply of Blob.Store.
type BlobStoreResponse struct {
	Bytes int
	QueryMeta
}

// entrySize is how large the value of an entry is, in bytes.
const entrySize = 16 << 10

// entryValue is shared by all entries: a body of many MiB takes no memory of its size.
var entryValue = bytes.Repeat([]byte("setting = value\n"), entrySize/16)

func makeEntries(n int) []BlobEntry {
	entries := make([]BlobEntry, n)
	for i := range entries {
		entries[i] = BlobEntry{fmt.Sprintf("platform/%05d", i), entryValue}
	}
	return entries
}

// Fetch answers with entries, 4096 at most.
func (Blob) Fetch(args BlobFetchRequest, reply *BlobFetchResponse) error {
	*reply = BlobFetchResponse{makeEntries(min(max(args.Entries, 0), 4096)), meta}
	return nil
}

// Store tells how many bytes have come.
func (Blob) Store(args BlobStoreRequest, reply *BlobStoreResponse) error {
	*reply = BlobStoreResponse{bytesOf(args.Entries), meta}
	return nil
}

func bytesOf(entries []BlobEntry) (n int) {
	for _, e := range entries {
		n += len(e.Value)
	}
	return n
}

// Large returns calls whose reply or request is large: reply-64KiB, request-64KiB, and so on up to
// 16 MiB.
func Large() (all []Call) {
	for _, size := range []struct {
		name  string
		bytes int
	}{{"64KiB", 64 << 10}, {"1MiB", 1 << 20}, {"16MiB", 16 << 20}} {
		n := size.bytes / entrySize
		all = append(all,
			call("reply-"+size.name, "Blob.Fetch", &BlobFetchRequest{Entries: n}, &BlobFetchResponse{makeEntries(n), meta},
				func(r *BlobFetchResponse) int { return bytesOf(r.Entries) }),
			call("request-"+size.name, "Blob.Store", &BlobStoreRequest{makeEntries(n), write}, &BlobStoreResponse{size.bytes, meta},
				func(r *BlobStoreResponse) int { return r.Bytes }))
	}
	return all
}
