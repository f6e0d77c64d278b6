# What the records and launches of two objects must be after any run of commands, without a server: objects `part`
# (removed rows go) and `kept` (removed rows are marked). The rows of a file take effect in their order; of a launch that
# was stopped, as many as it says it has read.
package DSModel;
use strict;
use warnings FATAL => 'all';

my %key_of = (part => 'sku', kept => 'id');
my %fields_of = (part => [qw(sku name count)], kept => [qw(id note)]);
my $key_space = 4000;

sub new {
    my ($class) = @_;
    return bless {table => {part => {}, kept => {}}, launch => {}, settled => {}}, $class;
}

sub pick {
    my (@list) = @_;
    return $list[rand @list];
}

# Files: {text, header, rows => [{raw, bad, values}]}; broken: the whole file cannot be read.

sub row_good {
    my ($columns, $key) = @_;
    my %values = map { $_ => $_ eq 'count' ? int(rand 1e9) : sprintf '%s %d', pick(qw(red blue green)), rand 1e9 } @$columns;
    $values{$columns->[0]} = $key;
    $values{$columns->[1]} = undef if rand() < 0.02;
    return {values => \%values, raw => join ',', map { $_ // '' } @values{@$columns}};
}

sub row_bad {
    my ($columns) = @_;
    my $rest = ',x' x (@$columns - 1);
    return {bad => 1, raw => pick("\"\"$rest", 'K' x 21 . $rest, "K1$rest,y,z", "\"K1\" x$rest")};
}

# kind import or delete; `bad` of its rows (0 to 1) do not fit. distinct: no key stands twice.
sub file_make {
    my ($kind, $object, $count, $bad, $distinct) = @_;
    my @columns = @{$fields_of{$object}};
    splice @columns, 1, 1 if $object eq 'part' && rand() < 0.2;
    @columns = ($columns[0]) if $kind eq 'delete';
    my (@rows, %seen);
    while (@rows < $count) {
        my $key = 'K' . int rand $key_space;
        next if $distinct && $seen{$key}++;
        push @rows, rand() < $bad ? row_bad(\@columns)
            : @columns > 1 ? row_good(\@columns, $key)
            : {raw => $key, values => {$columns[0] => $key}};
    }
    return {columns => \@columns, rows => \@rows, text => join "\n", join(',', @columns), (map { $_->{raw} } @rows), ''};
}

sub file_broken {
    my ($object) = @_;
    my ($key, $other) = @{$fields_of{$object}};
    return {broken => 1, rows => [], text => "$key,$other,$key\nK1,x,K1\n"};
}

# Launches

sub launch_add {
    my ($self, $id, %launch) = @_;
    $self->{launch}{$id} = {%launch, id => $id};
    return $id;
}

sub launch_ids {
    my ($self) = @_;
    return sort { $a <=> $b } keys %{$self->{launch}};
}

sub launches_open {
    my ($self) = @_;
    return grep { !$self->{settled}{$_} } $self->launch_ids;
}

sub is_same {
    my ($record, $values) = @_;
    return !$record->{_deleted} && !grep { ($record->{$_} // '') ne ($values->{$_} // '') } keys %$values;
}

# before: the record as it was before this launch.
sub row_import {
    my ($launch, $table, $row, $before) = @_;
    my %values = %{$row->{values}};
    my $key = $values{$launch->{key}};
    $before->{$key} //= {%{$table->{$key}}} if $table->{$key};
    my $record = $table->{$key} //= {%values, _launch_id => $launch->{id}};
    @$record{keys %values, '_launch_id', '_deleted', '_or'} = (values %values, $launch->{id}, 0, undef) unless is_same($record, \%values);
    return 'ok';
}

# A key that stands twice in a file may bring its record back to what it was. Who has changed it last then depends on
# whether both rows were in one batch.
sub returned_find {
    my ($launch, $table, $before) = @_;
    for my $key (keys %$before) {
        my ($record, $old) = ($table->{$key}, $before->{$key});
        next if $record->{_launch_id} != $launch->{id} || $old->{_deleted};
        my %values = map { $_ => $old->{$_} } @{$fields_of{$launch->{object}}};
        $record->{_or} = [$old->{_launch_id}, @{$old->{_or} // []}] if is_same($record, \%values);
    }
    return;
}

sub row_delete {
    my ($launch, $table, $row) = @_;
    my $key = $row->{values}{$launch->{key}};
    return 'skipped' if !$table->{$key} || $table->{$key}{_deleted};
    if ($launch->{object} eq 'kept') {
        @{$table->{$key}}{'_deleted', '_launch_id'} = (1, $launch->{id});
    }
    else {
        delete $table->{$key};
    }
    return 'ok';
}

# Let the first `read` rows of a launch take effect: {ok, failed, skipped}.
sub rows_apply {
    my ($self, $launch, $read) = @_;
    my $table = $self->{table}{$launch->{object}};
    $table = {map { $_ => {%{$table->{$_}}} } keys %$table} if $launch->{dry};
    my %count = (ok => 0, failed => 0, skipped => 0);
    my %before;
    for my $row (@{$launch->{file}{rows}}[0 .. $read - 1]) {
        my $verdict = $row->{bad} ? 'failed'
            : $launch->{kind} eq 'delete' ? row_delete($launch, $table, $row)
            : row_import($launch, $table, $row, \%before);
        $count{$verdict}++;
    }
    returned_find($launch, $table, \%before);
    return \%count;
}

# What is wrong with the way in which a launch has ended.
sub end_faults {
    my ($launch, $row) = @_;
    my $all = $launch->{file} ? @{$launch->{file}{rows}} : 0;
    my ($state, $message) = ($row->{state}, $row->{message} // '');
    my $died = $message =~ /died \d+ times/;
    return $state eq 'failed' && $row->{rows_read} == 0 ? () : "a broken file ended as $state"
        if $launch->{file} && $launch->{file}{broken} && $state ne 'cancelled';
    return "finished after $row->{rows_read} of $all rows"
        if $state eq 'finished' && $launch->{file} && $row->{rows_read} != $all;
    return 'cancelled, but nobody asked for it' if $state eq 'cancelled' && !$launch->{cancel_asked};
    return "failed: $message" if $state eq 'failed' && !$died;
    return "given up after $launch->{kills} kills" if $died && ($launch->{kills} // 0) < 3;
    return;
}

# A launch of a file has ended, with this row of the database and this failures file: what is wrong with it. Launches
# of one object have to be told of in the order of their ids.
sub launch_settle {
    my ($self, $row, $failures) = @_;
    my $launch = $self->{launch}{$row->{id}};
    $self->{settled}{$row->{id}} = 1;
    if ($launch->{kind} eq 'export') {
        my @faults = end_faults($launch, $row);
        return map { "launch $row->{id} (export): $_" } @faults;
    }
    my $rows = @{$launch->{file}{rows}};
    return "launch $row->{id} has read $row->{rows_read} of $rows rows" if $row->{rows_read} > $rows;
    $launch->{key} = $key_of{$launch->{object}};
    my @faults = end_faults($launch, $row);
    my $count = $self->rows_apply($launch, $row->{rows_read});
    push @faults, map { "$_ is $row->{\"rows_$_\"}, not $count->{$_}" } grep { $row->{"rows_$_"} != $count->{$_} } sort keys %$count;
    my (undef, @lines) = split /\n/, $failures // '';
    my @bad = grep { $_->{bad} } @{$launch->{file}{rows}}[0 .. $row->{rows_read} - 1];
    push @faults, scalar(@lines) . ' lines of failures, not ' . @bad if @lines != @bad;
    for my $line (@lines) {
        my $bad = shift @bad or last;
        push @faults, "failure line \"$line\" is not that of \"$bad->{raw}\"" if index($line, $bad->{raw}) != 0;
    }
    return map { "launch $row->{id} ($launch->{kind} of $launch->{object}): $_" } @faults;
}

sub record_text {
    my ($object, $record) = @_;
    return join '|', map { "$_=" . ($record->{$_} // '') } @{$fields_of{$object}}, '_launch_id', '_deleted';
}

# What is wrong with the rows of an object's table.
sub table_faults {
    my ($self, $object, @rows) = @_;
    my %have = map { ($_->{$key_of{$object}} => $_) } @rows;
    my $table = $self->{table}{$object};
    my @faults = map { "row $_ should not be there" } grep { !$table->{$_} } sort keys %have;
    for my $key (sort keys %$table) {
        my $want = record_text($object, {_deleted => 0, %{$table->{$key}}});
        my $got = $have{$key} ? record_text($object, {%{$have{$key}}, _deleted => $have{$key}{_deleted_at} ? 1 : 0}) : 'nothing';
        my @others = map { record_text($object, {_deleted => 0, %{$table->{$key}}, _launch_id => $_}) } @{$table->{$key}{_or} // []};
        push @faults, "$object: $got, not $want" if !grep { $got eq $_ } $want, @others;
    }
    return @faults;
}

# The lines that an export of the object has, in the order of the keys.
sub export_lines {
    my ($self, $object, @columns) = @_;
    my $table = $self->{table}{$object};
    return map { my $key = $_; join ',', map { $table->{$key}{$_} // '' } @columns } grep { !$table->{$_}{_deleted} } sort keys %$table;
}

1;
