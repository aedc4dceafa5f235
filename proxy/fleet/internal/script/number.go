package script

import (
	"strconv"
	"strings"
	"time"
)

// Number is one that is not negative, in millionths: exact, so that it is printed as it
// was read.
type Number int64

const (
	one       Number = 1_000_000
	decimals         = 6    // at most
	maxNumber        = 1e12 // largest whole number
	maxDigits        = 13   // of one
)

// Float is n as a floating point number.
func (n Number) Float() float64 { return float64(n) / float64(one) }

// String is n without a unit.
func (n Number) String() string {
	s := strconv.FormatInt(int64(n/one), 10)
	if rest := n % one; rest > 0 {
		part := strconv.FormatInt(int64(one+rest), 10)[1:]
		s += "." + strings.TrimRight(part, "0")
	}
	return s
}

// count reads a whole number: 10000, 10,000, 100k, 1M.
func count(word string) (int, bool) {
	n, ok := decimal(word)
	if !ok || n%one != 0 {
		return 0, false
	}
	return int(n / one), true
}

// decimal reads a number: 1.5, 10,000, 2.5k, 1M.
func decimal(word string) (Number, bool) {
	times := Number(1)
	switch {
	case strings.HasSuffix(word, "k"):
		word, times = word[:len(word)-1], 1e3
	case strings.HasSuffix(word, "M"):
		word, times = word[:len(word)-1], 1e6
	}
	whole, part, hasPart := strings.Cut(word, ".")
	whole, ok := withoutCommas(whole)
	if !ok || !digits(whole, maxDigits) || hasPart && !digits(part, decimals) {
		return 0, false
	}
	n, err := strconv.ParseInt(whole+part+strings.Repeat("0", decimals-len(part)), 10, 64)
	if err != nil || n > int64(maxNumber*one/times) {
		return 0, false
	}
	return Number(n) * times, true
}

// withoutCommas is digits in groups of three as one word.
func withoutCommas(word string) (string, bool) {
	groups := strings.Split(word, ",")
	for i, g := range groups {
		if len(groups) > 1 && (len(g) != 3 && i > 0 || len(g) > 3 || len(g) == 0) {
			return "", false
		}
	}
	return strings.Join(groups, ""), true
}

// digits reports whether a word is digits only, one at least and limit at most.
func digits(word string, limit int) bool {
	for _, c := range []byte(word) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(word) > 0 && len(word) <= limit
}

// span reads a time as Go writes them; it is not negative.
func span(word string) (time.Duration, bool) {
	if !strings.ContainsAny(word, "0123456789") || strings.ContainsAny(word, "+-") {
		return 0, false
	}
	d, err := time.ParseDuration(word)
	return d, err == nil && d >= 0
}

// ShowSpan is a time as people write it: 6m, not 6m0s.
func ShowSpan(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
