//go:build !windows

package lastgood

import (
	"errors"
	"os"
)

// settle makes a renaming in dir outlast a crash of the machine.
func settle(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
