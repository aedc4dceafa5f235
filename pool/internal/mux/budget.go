package mux

import (
	"math"
	"sync/atomic"
)

// Budget bounds what all connections of a pool hold at once for their peers, in bytes or in
// streams.
type Budget struct {
	most int64
	used atomic.Int64
}

// NewBudget makes a Budget of most bytes, or streams.
func NewBudget(most int64) *Budget { return &Budget{most: most} }

// Used is how many bytes are held now.
func (b *Budget) Used() int64 { return b.used.Load() }

// boundless is the Budget of a connection that has none.
func boundless() *Budget { return NewBudget(math.MaxInt64 / (2 * greed)) }

// greed is how many times as much a connection may hold as it leaves to the others. One alone
// gets three quarters; however many want all, something is left for the next.
const greed = 3

// FreeBytes is how much of each stream, and of each request, is not counted: small ones are
// served whatever the large ones hold. It is bounded by the number of streams.
const FreeBytes = 4 << 10

// Share is what one connection holds of a Budget.
type Share struct {
	budget *Budget
	used   atomic.Int64
}

// NewShare is what a connection holds of b: nothing yet.
func NewShare(b *Budget) *Share { return &Share{budget: b} }

// Held is how many bytes the connection holds now.
func (s *Share) Held() int64 { return s.used.Load() }

// Take counts n bytes more. It reports false, and counts nothing, where that is too much.
func (s *Share) Take(n int64) bool {
	mine, all := s.used.Add(n), s.budget.used.Add(n)
	if mine <= greed*(s.budget.most-all) {
		return true
	}
	s.Give(n)
	return false
}

// TakeAlone is Take; but where nothing is counted beside mine bytes, n may be any.
func (s *Share) TakeAlone(n, mine int64) bool {
	if s.budget.used.CompareAndSwap(mine, mine+n) {
		s.used.Add(n)
		return true
	}
	return s.Take(n)
}

// Give counts n bytes less, which were taken.
func (s *Share) Give(n int64) {
	s.used.Add(-n)
	s.budget.used.Add(-n)
}
