package wire

import (
	"encoding/binary"
	"testing"

	"github.com/open-nomad/rpcproxy/testutil"
)

func TestNoErrorShowsWhatIsNotPrintable(t *testing.T) {
	testutil.CheckErrorTexts(t, ".", func(text string, _ error) []error {
		return []error{&SizeError{}, &KindError{Found: text, Into: text}}
	})
}

// A frame is refused with the names that it has, which the peer has chosen.
func TestTheNamesOfAFrameAreShownPrintable(t *testing.T) {
	for _, text := range testutil.HostileTexts() {
		str := append([]byte{0xdb}, binary.BigEndian.AppendUint32(nil, uint32(len(text)))...)
		str = append(str, text...)
		frame := append([]byte{0x81}, str...)
		err := NewDecoder().Frame(append(frame, 0xc0), new(Frame))
		if err == nil {
			t.Fatal("taken")
		}
		testutil.CheckShown(t, "frame", err.Error())
		if len(err.Error()) > 600 {
			t.Errorf("%d bytes", len(err.Error()))
		}
	}
}
