package body

import (
	"fmt"
	"time"
)

// WriteRequest is in the arguments of calls that change something.
type WriteRequest struct {
	Region, Namespace, AuthToken, IdempotencyToken string
	InternalRPCInfo
}

// QueryOptions is in the arguments of calls that read.
type QueryOptions struct {
	Region, Namespace string
	MinQueryIndex     uint64
	MaxQueryTime      time.Duration
	AllowStale        bool
	Prefix, AuthToken string
	Filter            string
	PerPage           int32
	NextToken         string
	Reverse           bool
	InternalRPCInfo
}

// InternalRPCInfo tells what a server has forwarded.
type InternalRPCInfo struct{ Forwarded bool }

// QueryMeta is in replies.
type QueryMeta struct {
	Index       uint64
	LastContact time.Duration
	KnownLeader bool
	NextToken   string
}

// The values that all calls share.
const (
	region    = "global"
	namespace = "default"
	nodeID    = "f7476465-4d6e-c0de-26d0-e383c49be941"
	token     = "fedcba98-7654-3210-fedc-ba9876543210"
	index     = 4_812_733
)

var (
	write = WriteRequest{Region: region, Namespace: namespace, AuthToken: token}
	meta  = QueryMeta{Index: index, LastContact: 8 * time.Millisecond, KnownLeader: true}
	began = time.Date(2026, 3, 14, 9, 26, 53, 589_793_238, time.UTC)
)

// id returns the n-th identifier of a kind: so many hexadecimal digits as a UUID has.
func id(kind, n int) string {
	x := uint64(kind)<<32 + uint64(n)
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	x ^= x >> 31
	return fmt.Sprintf("%08x-%04x-4%03x-a%03x-%012x", uint32(x), uint16(x>>32), n&0xfff, kind&0xfff, x>>16)
}
