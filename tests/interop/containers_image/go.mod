module policy

go 1.23

require github.com/containers/image/v5 v5.36.2
