package dns

import (
	"fmt"
	"testing"
	"time"
)

func TestWhatIsKeptIsBoundedInNumberAndAge(t *testing.T) {
	var m memory
	now := time.Now()
	about := func(i int) subject { return subject{host: fmt.Sprintf("N%d.test", i), kind: typeAddress} }
	for i := range 2 * maxKept {
		m.learn(about(i), []string{"10.0.0.1"}, now.Add(time.Duration(i)))
	}
	if n := len(*m.answers.Load()); n != maxKept {
		t.Errorf("%d names", n)
	}
	if _, ok := m.find(about(0), now); ok {
		t.Error("the oldest one is still known")
	}
	last := subject{host: fmt.Sprintf("n%d.TEST", 2*maxKept-1), kind: typeAddress}
	if _, ok := m.find(last, now.Add(keptFor)); !ok {
		t.Error("it is forgotten too soon")
	}
	if _, ok := m.find(last, now.Add(keptFor+time.Second)); ok {
		t.Error("it is kept for more than a day")
	}
	m.lose(subject{host: "never.test", kind: typeAddress})
	if n := len(*m.answers.Load()); n != maxKept {
		t.Errorf("%d names", n)
	}
}
