case $1 in /*) path=$1 ;; *) path=./$1 ;; esac
# Where stat itself does not work here, its failure says nothing of the path.
stat -L -c '%a/%s/%U/%G' -- / >/dev/null || cannot 'stat does not work here'
seen=$(stat -L -c '%a/%s/%U/%G' -- "$path" 2>&1)
case $?:$seen in
0:*) ;;
1:*': No such file or directory')
  if [ -L "$path" ]; then
    echo '{"exists":"a link that leads nowhere"}'
  else
    echo '{"exists":false}'
  fi
  exit 0 ;;
*) cannot "$seen" ;;
esac
type=other
if [ -f "$path" ]; then type=file
elif [ -d "$path" ]; then type=directory
elif [ -S "$path" ]; then type=socket
elif [ -p "$path" ]; then type=fifo
elif [ -b "$path" ] || [ -c "$path" ]; then type=device
fi
mode=${seen%%/*}; seen=${seen#*/}
size=${seen%%/*}; seen=${seen#*/}
owner=$(quoted "${seen%%/*}") || exit 126
group=$(quoted "${seen#*/}") || exit 126
sum=
if [ -n "$2" ] && [ "$type" = file ]; then
  sum=$(sha256sum <"$path") || cannot 'its content cannot be read'
  sum=',"sha256":"'${sum%% *}'"'
fi
printf '{"exists":true,"type":"%s","mode":"%04d","owner":%s,"group":%s,"size":%s%s}\n' \
  "$type" "$mode" "$owner" "$group" "$size" "$sum"
