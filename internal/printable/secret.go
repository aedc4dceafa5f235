package printable

import "regexp"

// The parts of a URL that may be secret: the user and the password, and the values of
// parameters that are named like secrets.
var (
	userInfo  = regexp.MustCompile(`([A-Za-z][A-Za-z0-9+.-]*://)[^\s/?#"']*@`)
	parameter = regexp.MustCompile(`(?i)([?&;][^\s=&;"']*(?:token|secret|passw|auth|key|sig)[^\s=&;"']*=)[^\s&;#"']+`)
)

// WithoutSecrets is a text without the users and passwords, and without the tokens in
// parameters, of the URLs in it: dots stand for them.
func WithoutSecrets(text string) string {
	text = userInfo.ReplaceAllString(text, "${1}...@")
	return parameter.ReplaceAllString(text, "${1}...")
}
