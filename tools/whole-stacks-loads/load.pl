# SPDX-License-Identifier: MIT
# A load for perl: sorting with a callback, regular expressions, hashes, a pipe to a child.
use strict;
use warnings;
use Time::HiRes qw(sleep);

sub descend { my $depth = shift; return $depth ? 1 + descend($depth - 1) : length "x" x 100 }

my $child = open(my $pipe, '|-') // die "fork: $!";
if (!$child) {
	my ($words, %seen) = (0);
	while (my $line = <STDIN>) {
		$seen{$1}++ while $line =~ /(\w+)/g;
		$words += keys %seen;
		%seen = () if $words > 1e6;
	}
	exit 0;
}
$pipe->autoflush(1);
$| = 1;
print "ready\n";
while (1) {
	my @numbers = map { ($_ * 7919) % 10007 } 1 .. 3000;
	my @sorted = sort { $a <=> $b || $b cmp $a } @numbers;
	(my $text = join ' ', @sorted) =~ s/(\d)(\d+)/$2$1/g;
	descend(20);
	print $pipe "$text\n" or exit 0;
	sleep(0.005);
}
