package printable

// How much is shown of what came from outside, in bytes. An error that has others in it
// shows up to MaxList of them together.
const (
	MaxName = 320     // a name, an address, a method
	MaxText = 1 << 10 // a text: of a server's error, of a file's path
	MaxList = 8 << 10 // texts of several
)

// Name is Line of a name.
func Name(s string) string { return Line(s, MaxName) }

// Text is Line of a text.
func Text(s string) string { return Line(s, MaxText) }
