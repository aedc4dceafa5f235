package admit

import "syscall"

// other is a user who may not connect.
const other = 65534

// becomeOther makes this process one of that user.
func becomeOther() error {
	if err := syscall.Setgroups(nil); err != nil {
		return err
	}
	if err := syscall.Setgid(other); err != nil {
		return err
	}
	return syscall.Setuid(other)
}
