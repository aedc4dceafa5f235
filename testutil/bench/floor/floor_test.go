package floor

import "testing"

func TestAMessageThatIsTooLargeEndsItsConnection(t *testing.T) {
	server, err := Start(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	}()
	c, err := Open(t.Context(), server.Addr(), nil, 1, 1, most+1)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Call(0); err == nil {
		t.Error("more than the most was answered")
	}
	for range 2 {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}
